"""`sweep --version`: the version, and in a checkout the commit."""

from tracking.common import versions


def version() -> str:
    """Such as "0.1.0", or "0.1.0, commit f3874a0d5e, files changed since"."""
    from workers.runtime.provenance import code

    parts, found = [versions.program().version], code()
    if found.commit:
        parts.append(f"commit {found.commit[:10]}")
    if found.modified:
        parts.append("files changed since")
    return ", ".join(parts)
