"""Trac on the environment `env` of the current folder, as `trac-admin deploy` writes its trac.wsgi."""
import os

os.environ["TRAC_ENV"] = os.path.abspath("env")

import trac.web.main

application = trac.web.main.dispatch_request
