"""What GitLab and the usual clients print when a request of a job is refused.

Each wording says which causes it leaves open, and no more. Sources: GitLab's own messages (18.9 and
earlier releases, documentation and source), and what each client prints for the status that GitLab
answered; the cases under tests/joblog name where each was seen.
"""

import re
from dataclasses import dataclass
from typing import Final

from scopelint.access.token_requests import Subject
from scopelint.joblog.causes import NOT_FOUND, Cause


@dataclass(frozen=True, slots=True)
class Wording:
    """One way of being refused, as it stands in a log."""

    name: str
    pattern: re.Pattern[str]
    """Its groups may be `origin_name`, `target_id`, `target_name`, `permissions`, `image` and
    `status`."""
    causes: tuple[Cause, ...] = ()
    """What it can mean; empty where the status decides."""
    certain: bool = False
    """Whether GitLab itself says so: it wins over what a client made of its answer."""
    client: str | None = None
    subject: Subject | None = None
    keeps_doubt: bool = False
    """Whether a job token in the script does not prove that it was sent here."""
    job_token: bool | None = None
    """Whether the words themselves are about a job token, or surely about none."""


def _says(
    name: str,
    pattern: str,
    *causes: Cause,
    certain: bool = False,
    client: str | None = None,
    subject: Subject | None = None,
    keeps_doubt: bool = False,
    job_token: bool | None = None,
) -> Wording:
    return Wording(
        name,
        re.compile(pattern, re.IGNORECASE),
        causes,
        certain,
        client,
        subject,
        keeps_doubt,
        job_token,
    )


_PROJECT = r"project (?:#(?P<target_id>[0-9]+)|(?P<target_name>[\w.-]*\w))"
_STATUS = r"(?P<status>40[134])"
_IMAGE = r"(?P<image>[a-z0-9.-]+(?::[0-9]+)?/[a-z0-9._/-]+)"

WORDINGS: Final[tuple[Wording, ...]] = (
    # GitLab's own sentences.
    _says(
        "job-token-not-allowed",
        r"by CI/CD job token not allowed(?: from (?P<origin_name>[\w./-]+?) to "
        rf"(?:{_PROJECT}|(?P<target_path>[\w./-]+?))(?=[.\s\"']|$))?",
        "no_entry",
        certain=True,
        job_token=True,
    ),
    _says(
        "pull-insufficient",
        rf"Insufficient permissions to pull from the repository of {_PROJECT}",
        "user_role",
        certain=True,
        subject="clone",
        job_token=True,
    ),
    _says(
        "permission-required",
        rf"Insufficient permissions to access this resource in {_PROJECT}"
        r"(?:\W+The following token permissions? (?:is|are) required: (?P<permissions>[a-z_, ]+))?",
        "permission_missing",
        certain=True,
        job_token=True,
    ),
    _says(
        "not-open-to-job-tokens",
        r"This action is unauthorized for CI/CD job tokens",
        "endpoint_not_open",
        certain=True,
        job_token=True,
    ),
    _says(
        "registry-of-another-project",
        r"job token cannot be used to authenticate with the container registry of a different",
        "endpoint_not_open",
        certain=True,
        job_token=True,
        subject="read_registry",
    ),
    _says(
        "artifacts-upload",
        r"Uploading artifacts as .* to coordinator\.\.\. 40[13]",
        "token_expired",
        "other",
        certain=True,
        client="runner",
        subject="artifacts",
        job_token=True,
    ),
    _says(
        "protected-branch",
        r"not allowed to (?:force )?push code to (?:a )?protected branch|"
        r"pre-receive hook declined|cannot be (?:pushed|updated) .*protected|"
        r"protected (?:branch|tag)",
        "other",
        certain=True,
        subject="push",
    ),
    _says(
        "upload-not-allowed",
        r"You are not allowed to upload code",
        "pushes_off",
        certain=True,
        subject="push",
    ),
    _says(
        "push-not-allowed",
        r"You are not allowed to push code to this project",
        "pushes_off",
        "no_entry",
        "permission_missing",
        "user_role",
        certain=True,
        subject="push",
    ),
    _says(
        "download-not-allowed",
        r"You are not allowed to download code from this project",
        "user_role",
        "no_entry",
        "visibility",
        certain=True,
        subject="clone",
    ),
    _says(
        "basic-denied",
        r"HTTP Basic: Access denied",
        "token_expired",
        "not_job_token",
        "other",
        certain=True,
    ),
    _says(
        "project-not-found",
        r"The project you were looking for could not be found",
        *NOT_FOUND,
        client="git",
    ),
    _says("api-project-not-found", r"(?P<status>404) Project Not Found"),
    _says(
        "sso-needed",
        r"Cannot find valid SSO session|two-factor authentication (?:is )?(?:required|enabled)|"
        r"enable two-factor|2FA (?:is )?(?:required|setup)",
        "not_job_token",
        certain=True,
    ),
    _says(
        "needs-artifacts",
        r"could not retrieve the needed artifacts",
        "no_entry",
        "permission_missing",
        "user_role",
        "not_there",
        "other",
        client="gitlab",
        subject="artifacts",
    ),
    _says(
        "upstream-pipeline",
        r"insufficient permissions to track the upstream project",
        "user_role",
        certain=True,
        client="gitlab",
        subject="other",
        job_token=False,
    ),
    _says(
        "downstream-pipeline",
        r"insufficient permissions to create a downstream pipeline",
        "user_role",
        certain=True,
        client="gitlab",
        subject="trigger",
        job_token=False,
    ),
    _says(
        "downstream-project",
        r"downstream (?:bridge )?project could not be found",
        "user_role",
        "not_there",
        certain=True,
        client="gitlab",
        subject="trigger",
        job_token=False,
    ),
    # What is no refusal of a job token.
    _says(
        "rate-limit",
        r"\b429\b.{0,20}(?:Too Many|error)|(?:error|status|code)\W{1,3}429\b|Too Many Requests|toomanyrequests|"
        r"rate limit (?:exceeded|reached)|pull rate limit",
        "other",
        certain=True,
    ),
    _says(
        "tls",
        r"SSL certificate problem|certificate verify failed|x509: certificate|self.signed certificate|"
        r"SSLError|SSL routines|PKIX path building failed|CERT_HAS_EXPIRED|SELF_SIGNED_CERT",
        "other",
        certain=True,
    ),
    _says(
        "dns",
        r"Could not resolve host|Temporary failure in name resolution|no such host|ENOTFOUND|"
        r"getaddrinfo|UnknownHostException|Name or service not known",
        "other",
        certain=True,
    ),
    _says(
        "ssh",
        r"Host key verification failed|Permission denied \(publickey",
        "not_job_token",
        "other",
        certain=True,
        client="git",
        subject="clone",
    ),
    _says(
        "no-credentials",
        r"terminal prompts disabled|could not read (?:Username|Password) for",
        "not_job_token",
        certain=True,
        client="git",
    ),
    _says(
        "no-git-credentials",
        r"failed to authenticate when downloading repository",
        "not_job_token",
        "token_expired",
        "other",
        subject="clone",
    ),
    _says("object-storage", r"X-(?:Amz|Goog)-Signature=|[?&]sig=", "other", certain=True),
    _says(
        "scope-of-token",
        r"\b403: insufficient_scope|error=.?insufficient_scope",
        "not_job_token",
        certain=True,
    ),
    # Registries of images.
    _says("image-denied", rf"pull access denied for {_IMAGE}", subject="read_registry"),
    _says(
        "registry-denied",
        r"requested access to the resource is denied|denied: access forbidden|"
        r"insufficient_scope: authorization failed|pull image .*40[13]|image pull failed|"
        r"status code from registry 40[13]|requesting bearer token",
    ),
    _says(
        "registry-unauthorized",
        r"unauthorized: authentication required",
        "not_job_token",
        "token_expired",
        "user_role",
        "other",
        keeps_doubt=True,
    ),
    _says(
        "semantic-release-push",
        r"EGITNOPERMISSION",
        "pushes_off",
        "user_role",
        "not_job_token",
        "other",
        subject="push",
        keeps_doubt=True,
    ),
    _says(
        "semantic-release-token",
        r"EINVALIDGLTOKEN",
        "not_job_token",
        "endpoint_not_open",
        "token_expired",
        subject="api",
        keeps_doubt=True,
    ),
    # Clients that print the status, or less.
    _says("git-not-found", r"repository '[^']+' not found", *NOT_FOUND, client="git"),
    _says(
        "git-authentication",
        r"Authentication failed for 'http",
        "token_expired",
        "not_job_token",
        "other",
        client="git",
    ),
    _says(
        "composer",
        r"Could not authenticate against",
        "endpoint_not_open",
        "no_entry",
        "user_role",
        "token_expired",
        subject="api",
    ),
    _says("git-status", rf"The requested URL returned error: {_STATUS}"),
    _says("npm", rf"npm (?:ERR!|error) (?:code E)?{_STATUS}\b"),
    _says(
        "terraform-state-401",
        r"HTTP remote state endpoint requires auth",
        "token_expired",
        "other",
        client="terraform",
        subject="terraform_state",
    ),
    _says(
        "terraform-state-403",
        r"HTTP remote state endpoint invalid auth",
        "no_entry",
        "permission_missing",
        "user_role",
        "other",
        client="terraform",
        subject="terraform_state",
    ),
    _says("pnpm", rf"ERR_PNPM\w*_{_STATUS}"),
    _says("python-gitlab", rf"Gitlab\w*Error: {_STATUS}\b", client="python-gitlab", subject="api"),
    _says(
        "spelt-out",
        r"\b(?P<status>403)\b.{0,20}Forbidden|Forbidden\W{0,12}(?P<status4>403)\b|"
        r"(?P<status2>401)\b.{0,20}Unauthorized|(?P<status3>404)\b.{0,20}Not Found",
    ),
    _says(
        "status",
        rf"(?:status(?: code)?|HTTP(?:/[0-9.]+)?(?: error)?|response code|returned|error)[:\s(]*{_STATUS}\b|"
        r"\b(?P<status2>401) Error, Credentials not correct",
    ),
    _says(
        "pip-nothing-found",
        r"No matching distribution found for",
        "no_entry",
        "permission_missing",
        "user_role",
        "not_there",
        "other",
    ),
)
"""The first that a line holds is what it says; of several lines about one request the first in this
order counts: what GitLab says itself comes before what a client made of it."""

HINTS: Final = re.compile(
    "40[134]|429|denied|allow|unauthor|forbid|not found|could not|cannot|no such|insufficient|ssl|cert|x509|"
    "resol|permission|signature|sig=|auth|protected|too ?many|rate limit|prompts|egitno|einvalid|"
    "downstream|upstream|sso|factor|2fa|getaddrinfo|enotfound|unknownhost|not known|matching|"
    "hook|verification|pkix|image|bearer|pull"
)
"""Without one of these, in lower case, no wording can be in a line: most lines have none."""
