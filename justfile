# What a release does on one machine, up to publishing.
rehearse *flags:
    scripts/rehearse {{flags}}
