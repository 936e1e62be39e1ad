"""Shapes of what nbs tells of this machine and of itself: profiles, findings, the sandbox, the command tree."""

from __future__ import annotations

from nbs_cli.cloud.resources import Field, Kind, Resource
from nbs_cli.commands.shapes import ARRAY, OBJECT, part
from nbs_cli.output.words import _

PROFILE = Resource(
    name="profile",
    plural="profiles",
    path="",
    fields=(
        Field("name", _("its name"), Kind.NAME),
        Field("in_use", _("whether commands use it when nothing else is said"), Kind.YES),
        Field("realm", _("realm")),
        Field("region", _("region")),
        Field("tenant_id", _("tenant ID"), Kind.ID, "tenant"),
        Field("username", _("account"), Kind.NAME),
        Field("store", _("where its secret lies: keyring, file or command")),
        Field("read_only", _("whether every write is refused"), Kind.YES),
        Field("output", _("its usual format")),
        Field("identity_url", _("identity service, where it is not the realm's")),
        Field("endpoint", _("block storage endpoint, where it is not the service catalog's")),
        Field("password_command", _("the command that gives its password"), Kind.OBJECT, types=ARRAY),
        Field("keyring_backend", _("the keyring chosen at login")),
        Field("retention", _("its retention policies by name, as the file has them"), Kind.OBJECT, types=OBJECT),
    ),
    columns=("name", "in_use", "realm", "region", "username", "store", "read_only", "tenant_id"),
    id_field="name",
)
_OPEN = part(
    "open_request",
    Field("key", _("its request key")),
    Field("resource", _("what it was to make: volume or snapshot")),
    Field("parameters", _("what it was to be like"), Kind.OBJECT, types=OBJECT),
    Field("state", _("what is known of it")),
    Field("sent_at", _("when it was sent (UTC)"), Kind.TIME),
    Field("server_time", _("the server's time then")),
    Field("profile", _("the profile, where it is one")),
    Field("region", _("region")),
    Field("tenant_id", _("tenant ID"), Kind.ID),
    Field("endpoint", _("the block storage endpoint")),
)
FINDING = Resource(
    name="finding",
    plural="findings",
    path="",
    fields=(
        Field("check", _("what was looked at")),
        Field("status", _("ok, or problem"), Kind.STATUS),
        Field("message", _("what was found")),
        Field("fix", _("the command that mends it")),
        Field(
            "request",
            _("the request that it is about, where it is one"),
            Kind.OBJECT,
            types=OBJECT,
            of=_OPEN,
            optional=True,
        ),
    ),
    columns=("check", "status", "message", "fix"),
    id_field="fix",
)
FAULT = Resource(
    name="fault",
    plural="faults",
    path="",
    fields=(
        Field("id", _("its number"), Kind.ID, types=("integer",)),
        Field("kind", _("what happens"), Kind.NAME),
        Field("parameters", _("how it happens"), Kind.OBJECT, types=OBJECT),
        Field("method", _("the method of the requests it befalls; null for any")),
        Field("path", _("what their path, or path and query, is like; null for any")),
        Field("count", _("how many it befalls in all; 0 for ever"), types=("integer",)),
        Field("done", _("how many it befell"), types=("integer",)),
        Field("after", _("how many it spares first"), types=("integer",)),
        Field("seen", _("how many it was about, spared ones included"), types=("integer",)),
        Field("probability", _("how likely it is for each"), types=("number",)),
        Field("seed", _("what the dice begin with"), types=("integer",)),
    ),
    columns=("id", "kind", "method", "path", "count", "done", "parameters"),
)
STATUS = Resource(
    name="status",
    plural="status",
    path="",
    fields=(
        Field("source", _("where the credentials come from")),
        Field("profile", _("the profile, where it is one")),
        Field("realm", _("realm")),
        Field("identity_url", _("identity service")),
        Field("tenant_id", _("tenant ID"), Kind.ID, "tenant"),
        Field("username", _("account"), Kind.NAME),
        Field("region", _("region")),
        Field("region_from", _("where the region comes from")),
        Field("secret", _("where the password or token lies")),
        Field("token_expires", _("when the token ends (UTC on the wire)"), Kind.TIME),
        Field("regions", _("the regions that its service catalog offers"), Kind.OBJECT, types=ARRAY),
        Field("endpoint", _("the block storage endpoint, where it is known")),
        Field("online", _("whether the credentials work; null when that was not tried"), Kind.YES),
    ),
    columns=("source", "username", "tenant_id", "region"),
    id_field="username",
)
CLOCK = Resource(
    name="clock",
    plural="clocks",
    path="",
    fields=(
        Field("time", _("the sandbox's time (UTC on the wire)"), Kind.TIME),
        Field("ahead", _("how many seconds it is ahead of the real one"), types=("number",)),
    ),
    columns=("time", "ahead"),
    id_field="time",
)
_PARAMETER = part(
    "parameter",
    Field("names", _("its spellings; none for an argument"), Kind.OBJECT, types=ARRAY),
    Field("metavar", _("what stands for its value in help pages; empty for a flag")),
    Field("help", _("what it is for")),
    Field("flag", _("whether it takes no value"), Kind.YES),
    Field("many", _("whether it may be repeated"), Kind.YES),
    Field("required", _("whether it has to be there"), Kind.YES),
    Field("default", _("its value when it is not said")),
    Field("values", _("the words that it takes, where there are no others"), Kind.OBJECT, types=ARRAY),
    Field("environment", _("the variables that say the same, the first of them that is set"), Kind.OBJECT, types=ARRAY),
)
_EXIT = part(
    "exit_code", Field("code", _("its number"), types=("integer",)), Field("when", _("its name, and when it is given"))
)
_VARIABLE = part("variable", Field("name", _("its name")), Field("help", _("what it says")))
COMMAND = Resource(
    name="command",
    plural="commands",
    path="",
    fields=(
        Field("command", _("the words to type"), Kind.NAME),
        Field("summary", _("what it does, in a line")),
        Field("help", _("what it does")),
        Field("aliases", _("other words for its last one"), Kind.OBJECT, types=ARRAY),
        Field("arguments", _("what follows its words"), Kind.OBJECT, types=ARRAY, of=_PARAMETER),
        Field(
            "options",
            _("its own options; those of every command stand with `nbs`"),
            Kind.OBJECT,
            types=ARRAY,
            of=_PARAMETER,
        ),
        Field("commands", _("the commands below it"), Kind.OBJECT, types=ARRAY),
        Field("examples", _("how it is used"), Kind.OBJECT, types=ARRAY),
        Field("prints", _("the shape of what it prints, as `nbs schema` knows it")),
        Field("exit_codes", _("of every command; with `nbs` alone"), Kind.OBJECT, types=ARRAY, of=_EXIT),
        Field(
            "environment",
            _("the variables of every command; with `nbs` alone"),
            Kind.OBJECT,
            types=ARRAY,
            of=_VARIABLE,
        ),
    ),
    columns=("command", "summary"),
    id_field="command",
)
