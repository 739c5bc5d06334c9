"""wsgidav on the folder `share` of the current one; anybody may write."""
import os

from wsgidav.fs_dav_provider import FilesystemProvider
from wsgidav.wsgidav_app import WsgiDAVApp

application = WsgiDAVApp({
    "provider_mapping": {"/": FilesystemProvider(os.path.abspath("share"))},
    "simple_dc": {"user_mapping": {"*": True}},
    "http_authenticator": {"domain_controller": None, "accept_basic": True, "accept_digest": False},
    "property_manager": True,
    "lock_storage": True,
    "verbose": 1,
})
