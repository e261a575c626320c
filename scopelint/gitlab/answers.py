"""Tells GitLab's own answers from everything else that may stand in its place."""

from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urljoin

import requests
from urllib3.exceptions import NewConnectionError, ReadTimeoutError

from scopelint.errors import AuthenticationError, GitLabError, OriginError, UnexpectedAnswerError
from scopelint.gitlab import values
from scopelint.gitlab.address import same_origin
from scopelint.gitlab.retry import ExchangeError, Failure, HttpAnswer

_SSO_HINT: Final = (
    "A sign-in page or proxy may stand before GitLab, or --url names something else;"
    " a GitLab below a relative URL needs that path too (https://example.com/gitlab)."
)
_UNTRUSTED: Final = "CERTIFICATE_VERIFY_FAILED"
"""OpenSSL's name for a certificate that does not hold, in the text of the error."""
_CA_HINT: Final = (
    "Name the authority that signed it with --ca-file FILE (PEM), or in SSL_CERT_FILE;"
    " --insecure switches the check off."
)
TOKEN_HINT: Final = (
    "Use a personal, project or group access token with the scope read_api and the Maintainer"
    " role; a group access token on the top-level group reads the whole tree."
)
WRITE_HINT: Final = (
    "Use a personal, project or group access token with the scope api and the Maintainer role."
)
NO_ADMIN_MODE: Final = (
    "the token's user is an administrator, but over REST GitLab shows the token what an ordinary"
    " user sees; where Admin Mode is on, it needs the scope admin_mode too"
)
FINE_GRAINED_HINT: Final = (
    "Use a fine-grained personal access token; `scopelint doctor` names the permissions it needs."
)
JOB_TOKEN_HINT: Final = (
    "Make a group access token (role Maintainer, scope read_api), store it as a masked CI/CD"
    " variable, and pass it as SCOPELINT_TOKEN."
)


def from_requests(error: requests.RequestException) -> ExchangeError:
    """Translate an error of requests; the text names no header."""
    if isinstance(error, requests.ConnectTimeout):
        return ExchangeError(Failure.UNREACHABLE, "no connection within the time limit")
    if isinstance(error, requests.exceptions.SSLError) and _UNTRUSTED in str(error):
        return ExchangeError(Failure.UNTRUSTED, _certificate_fault(str(error)))
    causes = _causes(error)
    not_connected = requests.exceptions.SSLError | requests.exceptions.ProxyError
    if isinstance(error, not_connected) or any(isinstance(e, NewConnectionError) for e in causes):
        return ExchangeError(Failure.UNREACHABLE, f"{type(error).__name__}: {error}")
    if any(isinstance(e, requests.Timeout | ReadTimeoutError | TimeoutError) for e in causes):
        return ExchangeError(Failure.TIMED_OUT, "no answer within the time limit")
    return ExchangeError(Failure.CONNECTION, f"{type(error).__name__}: {error}")


def _causes(error: BaseException) -> list[BaseException]:
    """Return an error and what it was made of: requests and urllib3 put the cause into `args`."""
    found = [error]
    for each in found:
        within = [*each.args, getattr(each, "reason", None)]
        found += [e for e in within if isinstance(e, BaseException) and e not in found]
    return found


def _certificate_fault(text: str) -> str:
    """Take OpenSSL's own words out of an error's text."""
    words = text.partition("certificate verify failed: ")[2] or text
    return words.partition(" (_ssl")[0]


def check_answer(answer: Any, url: str) -> Any:
    """Return the JSON of an answer, None where it need not have one; refuse what is not GitLab's.

    Raises OriginError for a redirect that leaves the origin, UnexpectedAnswerError for any other
    redirect and for HTML where JSON was expected, ExchangeError (BROKEN) for a body that is cut off,
    ExchangeError (MALFORMED) for one that is nested too deep. A failing status with an HTML body is
    left to the retry matrix: proxies answer so for a while.
    """
    status = int(answer.status_code)
    if 300 <= status < 400:
        _refuse_redirect(answer, url)
    if status == 407:
        raise GitLabError(
            "the proxy does not let us through (HTTP 407): it wants other credentials",
            hint="Look at HTTP_PROXY, HTTPS_PROXY and NO_PROXY.",
            status=status,
        )
    if status == 204:
        return None
    if not 200 <= status < 300:
        if values.is_deep(answer.content or b""):
            raise _malformed(url, f"HTTP {status} with words nested too deep to read", status)
        return None
    kind = (answer.headers.get("Content-Type") or "").partition(";")[0].strip().lower()
    body = answer.content or b""
    if kind == "text/html" or body.lstrip()[:1] == b"<":
        raise UnexpectedAnswerError(
            f"{url} answered with a web page where GitLab's API answers with JSON",
            hint=_SSO_HINT,
            status=status,
        )
    try:
        return values.decode(body)
    except values.FormError as error:
        raise _malformed(url, str(error), status) from None
    except ValueError:
        raise ExchangeError(Failure.BROKEN, "an answer that is not whole JSON", status) from None


def _malformed(url: str, why: str, status: int | None = None) -> ExchangeError:
    return ExchangeError(Failure.MALFORMED, f"the answer of {url:.200}: {why}", status)


class BoundedBody:
    """The body of an answer as requests reads it, of which no more is read than `values.MAX_BYTES`.

    What counts is the size after decompression, so a small body that unpacks to a large one is
    stopped while it unpacks.
    """

    def __init__(self, raw: Any, url: str) -> None:
        """`raw` is urllib3's response; `url` is for the message."""
        self._raw = raw
        self._url = url

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)

    def stream(self, amount: int, decode_content: bool | None = None) -> Iterator[bytes]:
        """Yield the body in parts of about `amount` bytes; raise ExchangeError (MALFORMED)."""
        if "," in self._raw.headers.get("Content-Encoding", ""):
            # Compressed twice, each step may unpack a thousandfold before a part comes out.
            raise self._refused("it is compressed more than once")
        read = 0
        for part in self._raw.stream(amount, decode_content=decode_content):
            read += len(part)
            if read > values.MAX_BYTES:
                raise self._refused(f"it is larger than {values.MAX_BYTES // 2**20} MiB")
            yield part

    def _refused(self, why: str) -> ExchangeError:
        self._raw.close()
        return _malformed(self._url, why)


def _refuse_redirect(answer: HttpAnswer, url: str) -> None:
    location = answer.headers.get("Location", "")
    try:
        target = urljoin(url, location)
    except ValueError:
        target = location
    if not same_origin(url, target):
        raise OriginError(
            f"{url} redirects to another origin, {target:.200}; the token was not sent there",
            hint=f"If that is the right GitLab, name it with --url. {_SSO_HINT}",
        )
    raise UnexpectedAnswerError(
        f"{url} redirects to {target:.200}",
        hint=f"Name the final address with --url (https instead of http?). {_SSO_HINT}",
        status=answer.status_code,
    )


def fatal(error: ExchangeError, url: str) -> GitLabError:
    """Return the error that ends the run, for an exchange it cannot go on without."""
    words = {
        Failure.RATE_LIMITED: "GitLab's rate limit did not lift",
        Failure.SERVER: "GitLab kept answering with an error",
        Failure.TIMED_OUT: "GitLab did not answer in time",
        Failure.CONNECTION: "the connection to GitLab broke",
        Failure.UNREACHABLE: "GitLab could not be reached",
        Failure.UNTRUSTED: "GitLab's certificate is not trusted",
        Failure.BROKEN: "GitLab's answers were not whole",
        Failure.MALFORMED: "GitLab's answer cannot be read",
        Failure.LOCKED: "GitLab kept a resource locked",
    }
    hint = "Check the address, the network and the proxy settings, then run again."
    return GitLabError(
        f"{words[error.failure]}: {url}: {error}",
        hint=_CA_HINT if error.failure is Failure.UNTRUSTED else hint,
        status=error.status,
    )


def refused(status: int, body: str, *, job_token: bool = False) -> AuthenticationError | None:
    """Return the error for an answer that refuses the token itself, None for any other.

    401 is a missing, wrong or expired token. 403 refuses the token itself only when it names a
    missing scope (RFC 6750, section 3.1) or bars the user from the API.
    """
    if status == 401:
        if job_token:
            return AuthenticationError(
                "a CI/CD job token cannot read job token scopes", hint=JOB_TOKEN_HINT, status=status
            )
        return AuthenticationError(
            "GitLab does not accept the token: it is wrong, expired or revoked",
            hint=TOKEN_HINT,
            status=status,
        )
    if status == 403 and "insufficient_scope" in body:
        return AuthenticationError(
            "the token's scope is too small (insufficient_scope)", hint=TOKEN_HINT, status=status
        )
    if status == 403 and "API not accessible for user" in body:
        return AuthenticationError(
            "the token's user may not use the API", hint=TOKEN_HINT, status=status
        )
    return None
