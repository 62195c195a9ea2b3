"""Every setting of every process: environment variables with the prefix SUAR_ (secrets also as SUAR_…_FILE)."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from config.asterisk_nodes import AsteriskNode, read_nodes, read_passwords
from config.languages import LANGUAGES
from config.mail_url import mail_server

HERE = Path(__file__).parent


class Settings(BaseSettings):
    """One flat, frozen object; unknown SUAR_ names are errors (checked in config/startup.py)."""

    model_config = SettingsConfigDict(env_prefix="SUAR_", frozen=True, extra="forbid")

    data: Path = Field(default=Path("var"), description="Everything written at run time lives below this folder.")
    config_dir: Path = Field(default=HERE / "utility", description="The operator's YAML files.")
    host: str = "127.0.0.1"
    port: int = Field(default=8123, ge=1, le=65535)
    public_url: str = Field(
        default="", description="As carriers reach us, without a final slash. Default: http://host:port."
    )
    demo: bool = Field(default=False, description="Demo telephone, demo logins, demo data.")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    redis_url: str = Field(default="", description="Empty: the embedded Valkey below `data`. REDIS_URL is read too.")
    database_url: str = Field(default="", description="Empty: SQLite below `data`. SQLAlchemy URL.")
    store_durability: Literal["everysec", "always", "waitaof"] = Field(
        default="everysec",
        description="What the store's disk has when its host dies: all but the last second; every write; every arrival "
        "and every end of a call (docs/router/durability.md).",
    )
    pool: str = Field(default="main", pattern=r"^[a-z0-9-]{1,32}$")

    asterisk: bool = Field(default=False, description="Run the FastAGI server and the AMI connector.")
    asterisk_root: Path | None = Field(
        default=None, description="An unpacked Asterisk that `suar up` runs itself (make run-asterisk)."
    )
    agi_host: str = "127.0.0.1"
    agi_port: int = Field(default=4573, ge=1, le=65535)
    ami_host: str = "127.0.0.1"
    ami_bind: str = Field(default="", description="Where Asterisk's manager listens; empty: at ami_host.")
    ami_port: int = Field(default=5038, ge=1, le=65535)
    ami_user: str = "suar"
    ami_secret: str = ""
    sip_host: str = "127.0.0.1"
    sip_port: int = Field(default=5060, ge=1, le=65535)
    sip_trunks: str = Field(
        default="127.0.0.0/8", description="Addresses or networks of the SIP trunks, separated by commas."
    )
    asterisk_nodes: Annotated[tuple[AsteriskNode, ...], NoDecode] = Field(
        default=(),
        description="Every Asterisk, as a JSON list (config/asterisk_nodes.py). Empty: one, that of SUAR_AMI_HOST.",
    )
    asterisk_node: str = Field(default="", description="Which of asterisk_nodes is rendered and run here.")
    asterisk_node_patience: float = Field(
        default=30.0, ge=5, description="Seconds without a node's manager after which its calls count as lost."
    )
    sip_secret: str = Field(
        default="", description="Of which telephones' passwords and the trunks between nodes are made; the same on all."
    )
    sip_trunk_passwords: Annotated[dict[str, str], NoDecode] = Field(
        default={},
        description="Of the trunks that we register with, as a JSON object: trunk of asterisk.yaml → password.",
    )
    sip_external_host: str = Field(
        default="", description="The address that trunks and telephones see, behind NAT or in a container."
    )
    sip_tls_cert: Path | None = Field(default=None, description="PEM with the chain; set: SIP over TLS, and wss.")
    sip_tls_key: Path | None = Field(default=None, description="Its key, PEM, readable by Asterisk.")
    sip_tls_ca: Path | None = Field(default=None, description="Whom trunks' certificates are checked against.")
    sip_tls_port: int = Field(default=5061, ge=1, le=65535)
    asterisk_https_port: int = Field(default=8089, ge=1, le=65535, description="wss, with the same certificate.")
    asterisk_http_port: int = Field(default=8088, ge=1, le=65535)
    rtp_start: int = Field(default=10000, ge=1024, le=65534)
    rtp_end: int = Field(default=12000, ge=1025, le=65535)
    rtp_timeout: int = Field(
        default=30, ge=0, le=3600, description="Seconds without sound after which a call is ended; 0: never."
    )

    twilio_account_sid: str = Field(
        default="", description="Empty: no Twilio (in demo mode the built-in telephone stands in)."
    )
    twilio_auth_token: str = Field(default="", description="Twilio's primary token: what webhooks are signed with.")
    twilio_secondary_token: str = Field(
        default="", description="Twilio's secondary token: webhooks signed with it are taken too, while tokens change."
    )
    twilio_signing_key: str = Field(
        default="", description="The id of a shared key for webhooks (HMAC-SHA256); empty: tokens only."
    )
    twilio_signing_secret: str = ""
    twilio_api_key: str = Field(
        default="", pattern=r"^$|^SK[0-9a-fA-F]{32}$", description="For our requests; empty: the primary token."
    )
    twilio_api_secret: str = ""
    twilio_fallback_url: str = Field(
        default="",
        pattern=r"^$|^https?://[^\s/@]+/\S+$",
        description="Where fallback.xml of `suar twilio fallback` is served: another host than this.",
    )
    twilio_api_url: str = Field(default="", description="Empty: Twilio's own.")
    twilio_number: str = ""
    twilio_calls_per_second: float = Field(
        default=1.0,
        ge=0.1,
        le=1000,
        description="New legs a second that the account allows (Console, Voice, Settings).",
    )

    twilio_voices: dict[str, str] = Field(
        default={},
        description='Language → voice of <Say>, as JSON, e.g. {"id": "Google.id-ID-Standard-A"}; else those of '
        "config/languages.py.",
    )

    twilio_messaging: str = Field(
        default="",
        pattern=r"^$|^MG[0-9a-fA-F]{32}$|^\+[1-9][0-9]{6,14}$|^[0-9]{3,6}$|^[A-Za-z][A-Za-z0-9 ]{1,10}$",
        description="By what short messages leave: the SID of a Messaging Service, a number, a short code or a name. "
        "Empty: they are files below `data`.",
    )

    imap_url: str = Field(
        default="", description="imaps://user:password@host/Folder; empty: no letters are read (docs/channels.md)."
    )
    smtp_url: str = Field(default="", description="smtps://user:password@host; empty: letters are files below `data`.")
    mail_from: str = Field(
        default="", pattern=r"^$|^[^@\s<>]+@[^@\s<>]+\.[^@\s<>]+$", description="Our address; needed with imap_url."
    )
    mail_poll_seconds: float = Field(default=20.0, gt=0, le=3600)

    voice_note_days: int = Field(
        default=90, ge=1, le=3650, description="Days after which a caller's voice note is deleted (docs/recording.md)."
    )
    call_recording_days: int = Field(default=90, ge=1, le=3650, description="The same of a recorded conversation.")
    recording_free_mb: int = Field(
        default=500, ge=0, description="With less room than this on the disk nothing new is recorded, and it is told."
    )
    twilio_keeps_recordings: bool = Field(
        default=False, description="Leave at Twilio what was fetched from there. It is deleted there otherwise."
    )

    step_deadline_ms: int = Field(
        default=1000, ge=100, le=2000, description="The server answers a step within this time or not at all (T1)."
    )
    redirect_confirm_ms: int = Field(
        default=2000, ge=200, description="A redirect unconfirmed after this is tried again (T2)."
    )
    watchdog_seconds: float = Field(
        default=6.0, ge=1.0, description="`suar up` kills and restarts a process silent for longer."
    )

    @model_validator(mode="after")
    def _rtp_range(self) -> Settings:
        if self.rtp_end <= self.rtp_start:
            raise ValueError("rtp_end must be greater than rtp_start")
        return self

    @field_validator("twilio_voices")
    @classmethod
    def _twilio_voices(cls, voices: dict[str, str]) -> dict[str, str]:
        for language, voice in voices.items():
            if language not in LANGUAGES:
                raise ValueError(f"no language {language!r}: {', '.join(LANGUAGES)}")
            if not VOICE.fullmatch(voice) or not locale_of(voice).startswith(f"{language}-"):
                raise ValueError(f"{language}: must be a voice of Google for that language, Google.{language}-…")
        return voices

    @field_validator("imap_url", "smtp_url")
    @classmethod
    def _mail_url(cls, url: str, info: ValidationInfo) -> str:
        if url:
            mail_server(url, "imap" if info.field_name == "imap_url" else "smtp")
        return url

    @model_validator(mode="after")
    def _mail_from(self) -> Settings:
        if self.imap_url and not self.mail_from:
            raise ValueError("imap_url needs mail_from: letters are answered from an address")
        return self

    @field_validator("asterisk_nodes", mode="before")
    @classmethod
    def _nodes(cls, text: object) -> object:
        return read_nodes(text) if isinstance(text, str) else text

    @field_validator("sip_trunk_passwords", mode="before")
    @classmethod
    def _trunk_passwords(cls, text: object) -> object:
        return read_passwords(text) if isinstance(text, str) else text

    @model_validator(mode="after")
    def _both_of_tls(self) -> Settings:
        if bool(self.sip_tls_cert) is not bool(self.sip_tls_key):
            raise ValueError("sip_tls_cert and sip_tls_key belong together")
        return self

    @model_validator(mode="after")
    def _node_here(self) -> Settings:
        names = [node.name for node in self.asterisk_nodes]
        if len(set(names)) < len(names):
            raise ValueError("asterisk_nodes: two of them have the same name")
        if self.asterisk_node and self.asterisk_node not in names:
            raise ValueError("asterisk_node is none of asterisk_nodes")
        if len(names) > 1 and not self.sip_secret:
            raise ValueError("several asterisk_nodes need sip_secret: a telephone registers at any of them")
        return self

    @property
    def nodes(self) -> tuple[AsteriskNode, ...]:
        """Every Asterisk there is; one that stands alone needs no name."""
        alone = AsteriskNode(
            ami_host=self.ami_host, ami_port=self.ami_port, sip_host=self.sip_host, sip_port=self.sip_port
        )
        return self.asterisk_nodes or (alone,)

    @property
    def base_url(self) -> str:
        """The address carriers and browsers use."""
        return self.public_url.rstrip("/") or f"http://{self.host}:{self.port}"

    @property
    def sql_url(self) -> str:
        """The database of the durable state."""
        return self.database_url or f"sqlite:///{self.data.resolve() / 'suar.db'}"

    @property
    def store_url(self) -> str:
        """The store of the live state; the embedded one listens on a socket only."""
        return self.redis_url or f"unix://{store_socket(self.data)}"

    def twilio_voice(self, language: str) -> str:
        """The voice in which Twilio says something."""
        return self.twilio_voices.get(language) or LANGUAGES[language].twilio

    @cached_property  # asked for with every sentence
    def sounds_dir(self) -> Path:
        """Rendered prompts, by content hash; the same folder is Asterisk's `sounds/suar`."""
        return self.data.resolve() / "sounds"

    @property
    def recordings_dir(self) -> Path:
        """Voice notes and recorded calls; `incoming` below it is where Asterisk writes."""
        return self.data.resolve() / "recordings"


VOICE = re.compile(r"Google\.[a-z]{2,3}-[A-Z]{2}-[A-Za-z0-9-]+")


def locale_of(voice: str) -> str:
    """Google.id-ID-Wavenet-A → id-ID: Twilio refuses a voice with another language beside it."""
    return "-".join(voice.partition(".")[2].split("-")[:2])


def store_socket(data: Path) -> Path:
    """Where the embedded store of a data folder listens.

    Below the folder, unless its name is too long for a socket (Linux ends it at 107 bytes) or has a blank in it (rq
    reads the store's list of clients word by word): then under a name of its own in /tmp.
    """
    usual = data.resolve() / "run" / "store.sock"
    if len(os.fsencode(usual)) <= 100 and not re.search(r"\s", str(usual)):
        return usual
    name = hashlib.sha256(os.fsencode(usual)).hexdigest()[:16]
    return Path("/tmp") / f"suar-{os.getuid()}-{name}.sock"  # noqa: S108 - unguessable by accident, mode 700


# These may stand in a file named by SUAR_…_FILE, as container platforms hand out secrets.
SECRETS = (
    *("ami_secret", "asterisk_nodes", "sip_secret", "sip_trunk_passwords"),
    *("twilio_auth_token", "twilio_secondary_token", "twilio_signing_secret", "twilio_api_secret"),
    *("database_url", "redis_url", "imap_url", "smtp_url"),
)


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The settings of this process, read once; raises pydantic's ValidationError or OSError (config/startup.py)."""
    return Settings(**_elsewhere(os.environ))


def _elsewhere(environ: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name in SECRETS:
        variable = f"SUAR_{name.upper()}"
        if variable not in environ and f"{variable}_FILE" in environ:
            values[name] = Path(environ[f"{variable}_FILE"]).read_text(encoding="utf-8").strip()
    if "SUAR_REDIS_URL" not in environ and "redis_url" not in values and environ.get("REDIS_URL"):
        values["redis_url"] = environ["REDIS_URL"]
    return values
