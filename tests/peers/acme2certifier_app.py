"""acme2certifier as a WSGI application: an ACME server with renewal information (RFC 9773) and profiles of its own.

ACME_SRV_CONFIGFILE names its configuration.
"""
from acme2certifier.share.acme2certifier_wsgi import application

__all__ = ["application"]
