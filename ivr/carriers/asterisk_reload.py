"""Has a running Asterisk read files that have changed. `pjsip reload` changes nothing; a module's own reload does."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path

from config.settings import settings
from ivr.carriers.asterisk_dialplan import here
from ivr.carriers.asterisk_pyst2 import Ami, ManagerException
from ivr.carriers.asterisk_secrets import read_secrets

log = logging.getLogger(__name__)

TIMEOUT = 5.0  # seconds
# File → the modules that read it. The others are read when Asterisk starts.
RELOADED = {
    "pjsip.conf": ("res_pjsip.so", "res_pjsip_endpoint_identifier_ip.so", "res_pjsip_outbound_registration.so"),
    "extensions.conf": ("pbx_config.so",),
    "musiconhold.conf": ("res_musiconhold.so",),
    "http.conf": ("http",),
}


class NotReloaded(Exception):
    """This machine's Asterisk did not do it; it reads its files when it starts."""


def reload(folder: Path, files: Iterable[str]) -> None:
    """Ask the Asterisk that is rendered in `folder`; raises NotReloaded."""
    modules = [module for file in sorted(files) for module in RELOADED[file]]
    if not modules:
        return
    s = settings()
    level = f"SUAR_LEVEL_{s.pool}"
    ami = Ami(timeout=TIMEOUT)
    try:
        ami.connect(s.ami_host, s.ami_port)
        ami.login(s.ami_user, here(s).ami_secret or s.ami_secret or read_secrets(folder).ami)
        for module in modules:
            # Reading the dialplan again sets its globals to what stands in the file.
            before = ami.send_action({"Action": "Getvar", "Variable": level}).get_header("Value", "")
            try:
                answer = ami.send_action({"Action": "Reload", "Module": module})
            finally:
                ami.send_action({"Action": "Setvar", "Variable": level, "Value": before or "0"})
            if answer.get_header("Response") != "Success":
                raise NotReloaded(module)
    except ManagerException as fault:
        raise NotReloaded from fault
    finally:
        ami.close()
    log.info("Asterisk has read %s", ", ".join(sorted(files)))
