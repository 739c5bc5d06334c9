"""acme2certifier as a WSGI application: an ACME server with renewal information (RFC 9773) and profiles of its own.

ACME_SRV_CONFIGFILE names its configuration. With DNS_PORT its name servers, which the configuration names without a port,
are asked on that one.
"""
import os

import dns.resolver
from acme2certifier.share.acme2certifier_wsgi import application

if "DNS_PORT" in os.environ:

    class ResolverOnPort(dns.resolver.Resolver):
        """A resolver whose servers listen on a port of a test."""

        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self.port = int(os.environ["DNS_PORT"])

    dns.resolver.Resolver = ResolverOnPort

__all__ = ["application"]
