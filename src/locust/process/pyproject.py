import sys

try:
    import tomllib
except ImportError:
    try:
        import tomli as tomllib
    except ImportError:
        from pip._vendor import tomli as tomllib


def plain(name):
    return name.lower().replace("_", "-").replace(".", "-")


def group(groups, name):
    for entry in groups[name]:
        if isinstance(entry, str):
            yield entry
        elif "include-group" in entry:
            yield from group(groups, plain(entry["include-group"]))


with open(sys.argv[1], "rb") as file:
    content = tomllib.load(file)
project = content.get("project", {})
wanted = list(project.get("dependencies", []))
extras = {plain(name): names for name, names in project.get("optional-dependencies", {}).items()}
groups = {plain(name): names for name, names in content.get("dependency-groups", {}).items()}
for name in sys.argv[3:]:
    if plain(name) in extras:
        wanted.extend(extras[plain(name)])
    elif plain(name) in groups:
        wanted.extend(group(groups, plain(name)))
    else:
        known = ", ".join(sorted(set(extras) | set(groups))) or "none"
        sys.exit("%s has no extra and no dependency group `%s`; it has: %s" % (sys.argv[1], name, known))
with open(sys.argv[2], "w", encoding="utf-8") as file:
    file.write("".join(line + "\n" for line in wanted))
