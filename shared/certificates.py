"""Certificates that are not trusted, told apart from servers that are away: the first are the operator's to mend."""

import ssl


def refused_certificate(error: BaseException | None) -> str | None:
    """Return why a server's certificate was refused, where that is what an error, or what caused it, comes from."""
    for _ in range(10):
        if error is None:
            return None
        if isinstance(error, ssl.SSLCertVerificationError):
            return error.verify_message
        error = error.__cause__ or error.__context__
    return None
