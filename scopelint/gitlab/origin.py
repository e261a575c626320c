"""The one instance that the token may go to (outside contract, section 7, first promise).

Anyone who can change a repository can change the config that is *discovered* in it, in a merge
request too. Such a config may therefore say where GitLab is only where that cannot lead a token
anywhere new. What the user gave is trusted: options, the environment, a config named by
`--config`.

The first of these that is set decides: `--url`, `SCOPELINT_URL`, `GITLAB_URL`, a target's URL, an
explicit config (`gitlab.url`, then its targets), the section of python-gitlab's config that the
token comes from, the variables that GitLab and other clients use (`AMBIENT`), a discovered config
under the conditions above, gitlab.com.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from scopelint.errors import UsageError
from scopelint.gitlab.address import GITLAB_COM, AddressError, normalise_url
from scopelint.gitlab.targets import TargetSpec, common_origin

ENVIRONMENT = ("SCOPELINT_URL", "GITLAB_URL")
"""Variables that say where scopelint is to look, in their order."""
AMBIENT = ("CI_SERVER_URL", "CI_API_V4_URL", "GITLAB_HOST", "GITLAB_BASE_URL")
"""Variables that are set for other purposes: GitLab sets the first two in every job, glab and
several libraries read the others. Those that are set must name one instance."""


class TokenSource(StrEnum):
    """Where the token comes from."""

    ENVIRONMENT = "environment"
    FILE = "file"
    PYTHON_GITLAB = "python-gitlab"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class ConfigUrls:
    """What a config says about where GitLab is."""

    url: str | None = None
    """Its `gitlab.url`."""
    targets: Sequence[TargetSpec] = ()
    """Its targets, where the command line has none."""
    discovered: bool = True
    """False for a config that the user named with `--config`."""
    source: str = "scopelint.yml"
    """The file's name."""


@dataclass(frozen=True, slots=True)
class Instance:
    """The instance of a run."""

    url: str
    """Normalised."""
    given_by: str
    """What named it, for `doctor` and messages."""


def resolve_origin(
    *,
    flag: str | None = None,
    environment: Mapping[str, str] | None = None,
    targets: Sequence[TargetSpec] = (),
    config: ConfigUrls | None = None,
    token: TokenSource = TokenSource.NONE,
    section_url: str | None = None,
) -> Instance:
    """Return the instance that this run talks to, the only one its token is sent to.

    `flag` is `--url`, `environment` all variables, `targets` those of the command line.
    `section_url` is the URL of the section of python-gitlab's config that the token comes from;
    one without a URL means gitlab.com, as in python-gitlab itself. Raise UsageError for an address that is none; and,
    naming both, where targets lie elsewhere than the instance, where two variables of `AMBIENT`
    differ and nothing before them decides, where a discovered config would lead the token elsewhere, and where a section's token would go to another URL than its own.
    """
    environment = environment or {}
    config = config or ConfigUrls()
    trusted = list(_trusted(flag, environment, targets, config))
    section = _section(section_url) if token is TokenSource.PYTHON_GITLAB else None
    ambient = list(_ambient(environment))
    named = trusted[0] if trusted else section or _agreed(ambient)
    discovered = _from_config(config) if config.discovered else []
    chosen = named or _unnamed(discovered, token)
    _check_targets(chosen, targets)
    _check_discovered(chosen, discovered)
    if not config.discovered:
        _check_targets(chosen, config.targets)
    _check_section(chosen, section)
    return chosen


def _trusted(
    flag: str | None,
    environment: Mapping[str, str],
    targets: Sequence[TargetSpec],
    config: ConfigUrls,
) -> Iterator[Instance]:
    # Every address is read, the later ones too: a malformed one is never passed over.
    candidates = [
        (flag, "--url"),
        *((environment_url(environment, name), name) for name in ENVIRONMENT),
    ]
    for url, given_by in candidates:
        if instance := _instance(url, given_by):
            yield instance
    yield from _from_targets(targets, "target")
    if not config.discovered:
        yield from _from_config(config)


def _ambient(environment: Mapping[str, str]) -> Iterator[Instance]:
    for name in AMBIENT:
        if instance := _instance(environment_url(environment, name), name):
            yield instance


def _agreed(found: Sequence[Instance]) -> Instance | None:
    """Return what all of them say, None where there is none; raise UsageError where they differ."""
    for other in found:
        if other.url != found[0].url:
            raise UsageError(
                f"{found[0].given_by} says {found[0].url}, but {other.given_by} says {other.url}",
                hint="say which is right with --url or SCOPELINT_URL",
            )
    return found[0] if found else None


def environment_url(environment: Mapping[str, str], name: str) -> str | None:
    """Return the address in a variable of `ENVIRONMENT` or `AMBIENT`, None where it is not set.

    GITLAB_HOST may be a host alone, as glab takes it (docs of glab, "Environment variables").
    """
    text = environment.get(name, "").strip()
    if name == "GITLAB_HOST" and text and "://" not in text:
        return f"https://{text}"
    return text or None


def _section(url: str | None) -> Instance | None:
    return _instance(url or GITLAB_COM, "python-gitlab's config")


def _instance(url: str | None, given_by: str) -> Instance | None:
    if url is None or not url.strip():
        return None
    try:
        return Instance(normalise_url(url), given_by)
    except AddressError as error:
        raise UsageError(f"{given_by}: {error}", hint=error.hint) from None


def _from_targets(targets: Sequence[TargetSpec], given_by: str) -> Iterator[Instance]:
    first = common_origin(targets)
    if first is not None and first.url_origin is not None:
        yield Instance(first.url_origin, f"{given_by} {first}")


def _from_config(config: ConfigUrls) -> list[Instance]:
    url = _instance(config.url, f"gitlab.url of {config.source}")
    targets = list(_from_targets(config.targets, f"{config.source}, target"))
    if url and targets and url.url != targets[0].url:
        raise UsageError(
            f"{config.source} names two instances: {url.url} and {targets[0].url} (its target)",
            hint="scan each instance with a config of its own",
        )
    return [url, *targets] if url else targets


def _unnamed(discovered: Sequence[Instance], token: TokenSource) -> Instance:
    # A token from the environment or a file is for gitlab.com or for an address that should stand
    # beside it; a repository's file must not choose for it.
    if discovered and token not in {TokenSource.ENVIRONMENT, TokenSource.FILE}:
        return discovered[0]
    return Instance(GITLAB_COM, "default")


def _check_targets(chosen: Instance, targets: Sequence[TargetSpec]) -> None:
    for target in _from_targets(targets, "target"):
        if target.url != chosen.url:
            raise UsageError(
                f"the {target.given_by} lies on {target.url}, but {chosen.given_by} says "
                f"{chosen.url}",
                hint=f"leave out one of them, or set it to {target.url}",
            )


def _check_discovered(chosen: Instance, discovered: Sequence[Instance]) -> None:
    for instance in discovered:
        if instance.url != chosen.url:
            raise UsageError(
                f"{instance.given_by} says {instance.url}, but the token is meant for "
                f"{chosen.url} ({chosen.given_by}); a config that was found in the repository "
                "cannot send it elsewhere",
                hint=f"if {instance.url} is right, say so with --url, SCOPELINT_URL or --config; "
                "otherwise correct the config or use --no-config",
            )


def _check_section(chosen: Instance, section: Instance | None) -> None:
    if section and section.url != chosen.url:
        raise UsageError(
            f"the token belongs to {section.url} ({section.given_by}), but {chosen.given_by} "
            f"says {chosen.url}",
            hint=f"set SCOPELINT_TOKEN or --token-file for {chosen.url}",
        )
