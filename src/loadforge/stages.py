

# Added by loadforge-ci: the stages of loadforge.yml, unless the script has a load shape of its own.
def Stages():
    import inspect

    from locust import LoadTestShape

    def is_shape(item):
        is_class = inspect.isclass(item) and issubclass(item, LoadTestShape)
        return is_class and item.__module__ != "locust.shape" and not getattr(item, "abstract", False)

    if any(is_shape(item) for item in globals().values()):
        return None
    STAGES = []

    class Stages(LoadTestShape):
        def tick(self):
            seconds = self.get_run_time()
            for end, users in STAGES:
                if seconds < end:
                    return users, RATE
            return None

    return Stages


Stages = Stages()
