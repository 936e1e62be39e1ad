"""A token and its catalog: one login, the region that was meant, and no token to anybody else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from nbs_cli.cloud.access import Access, Credentials
from nbs_cli.cloud.endpoints import check_origin, with_tenant
from nbs_cli.cloud.identity import Identity, log_in
from nbs_cli.cloud.realms import REALMS
from nbs_cli.errors import ExitCode, Failure, NotFound, Unavailable, Usage
from nbs_cli.sandbox.cloud import OBJECT_STORAGE_TENANT_ID, TENANT_ID
from tests.cloud.conftest import MakeClient, MakeFaulty, with_login, with_token
from tests.cloud.faulty import Behaviour, Heard, answer, cut, mute, nothing, relay, reset
from tests.conftest import Ran, Served

CREDENTIALS = Credentials(
    source="a test",
    identity_url="http://127.0.0.1:1",
    tenant_id=TENANT_ID,
    region="KR1",
    username="u@example.go.kr",
    password="a-password",
)
VOLUMES: dict[str, Any] = {"volumes": []}


def access(catalog: Any, *, token: Any = "a-token", tenant: Any = TENANT_ID) -> dict[str, Any]:
    """A login's answer."""
    told = {"id": token, "expires": "2026-11-23T20:05:05Z", "issued_at": "2026-11-23T08:05:05.000000"}
    if tenant is not None:
        told["tenant"] = {"id": tenant, "name": "t"}
    return {"access": {"token": told, "serviceCatalog": catalog, "user": {"id": "u"}}}


def service(*endpoints: tuple[str, str], kind: str = "volumev2") -> dict[str, Any]:
    """A catalog's entry: regions and URLs."""
    return {
        "type": kind,
        "name": "x",
        "endpoints": [{"region": region, "publicURL": url} for region, url in endpoints],
    }


def cloud(login: Behaviour, rest: Behaviour | None = None) -> Callable[[Heard], Behaviour]:
    """A server whose logins are answered by *login*, and everything else by *rest*."""
    return lambda heard: login if heard.target.endswith("/tokens") else rest or answer(200, VOLUMES)


# The login


def test_the_login_is_the_documented_request(faulty: MakeFaulty, make_client: MakeClient) -> None:
    """`POST {identity}/v2.0/tokens` with tenant, user name and password, as JSON (facts.md 1.1)."""
    server = faulty(answer(200, access([service(("KR1", "http://x/v2/t"))])))
    got = log_in(make_client(), CREDENTIALS._replace(identity_url=server.url))
    (heard,) = server.heard
    assert (heard.method, heard.target) == ("POST", "/v2.0/tokens")
    passwords = {"username": "u@example.go.kr", "password": "a-password"}
    assert heard.json == {"auth": {"tenantId": TENANT_ID, "passwordCredentials": passwords}}
    assert heard.headers["content-type"] == "application/json"
    assert "x-auth-token" not in heard.headers
    assert got._replace(received=0.0) == Access(
        "a-token",
        "2026-11-23T20:05:05Z",
        "2026-11-23T08:05:05.000000",
        TENANT_ID,
        (service(("KR1", "http://x/v2/t")),),
    )


WRONG = {"NBS_PASSWORD": "wrong"}, {"NBS_USERNAME": "nobody"}, {"NBS_TENANT_ID": "0" * 32}


@pytest.mark.parametrize("wrong", WRONG, ids=["password", "user", "tenant"])
def test_a_wrong_login_is_tried_once_and_explained(
    served: Served, nbs: Callable[..., Ran], wrong: dict[str, str]
) -> None:
    """Exit 4 after exactly one request, for accounts get locked (C7); the hint names the three usual causes."""
    ran = nbs("volume", "list", env={**served.environ, **wrong})
    assert ran.code == ExitCode.AUTH
    assert [call.path for call in served.calls] == ["/v2.0/tokens"]
    assert "refused the login: The request you have made requires authentication." in ran.err
    for cause in ("API password is not the login password of the console", "user name is", "tenant ID"):
        assert cause in ran.err
    assert "wrong" not in ran.err


def test_many_at_once_log_in_once(served: Served, nbs: Callable[..., Ran]) -> None:
    """Eight threads that need a token share one login."""
    served.cloud.seed(8)
    ids = nbs("volume", "list", "-q", env=served.environ).out.split()
    served.calls.clear()
    assert nbs("volume", "show", *ids, env=served.environ).code == 0
    assert len(served.logins()) == 1


LOST: dict[str, Behaviour] = {
    "503": answer(503),
    "500": answer(500),
    "closed": nothing,
    "reset": reset,
    "cut": cut(b'{"access": {', 100),
}


@pytest.mark.parametrize("behaviour", LOST.values(), ids=LOST)
@pytest.mark.parametrize(
    "command", [("volume", "list"), ("volume", "create", "--size", "1")], ids=["a list", "a create"]
)
def test_an_identity_service_that_is_down_is_unavailable(
    faulty: MakeFaulty,
    nbs: Callable[..., Ran],
    no_pauses: list[float],
    command: tuple[str, ...],
    behaviour: Behaviour,
) -> None:
    """Exit 9 for a create too: no volume was asked for, so none is in doubt."""
    server = faulty(behaviour)
    assert nbs(*command, env=with_login(server)).code == ExitCode.UNAVAILABLE
    assert server.asked() == []
    assert len(server.logins()) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"<html>log in</html>",
        b"",
        [],
        {},
        {"access": None},
        {"access": []},
        {"access": {"token": "abc"}},
        {"access": {"token": {}}},
        {"access": {"token": {"id": 5}}},
        access([], token=""),
        access([], token="a\r\nX-Evil: 1"),
        access([], token="한글"),
        access([], token="\ud800"),
    ],
)
def test_an_answer_without_a_token_is_not_the_identity_service(
    faulty: MakeFaulty, nbs: Callable[..., Ran], body: Any
) -> None:
    """Nonsense of any kind, and tokens that no header can carry, end in words and exit 1."""
    server = faulty(answer(200, body))
    ran = nbs("volume", "create", "--size", "1", env=with_login(server))
    assert ran.code == ExitCode.FAILURE
    assert "mistake" not in ran.err
    assert len(server.heard) == 1


@pytest.mark.parametrize("expires", [None, "soon", 5, "2026-11-23T20:05:05.000000Z"])
def test_a_time_of_any_form_is_no_obstacle(faulty: MakeFaulty, nbs: Callable[..., Ran], expires: Any) -> None:
    """The truth about a token is a 401, not its `expires` (C6)."""
    server = faulty()
    told = access([service(("KR1", server.url))])
    told["access"]["token"]["expires"] = expires
    server.script = cloud(answer(200, told))
    assert nbs("volume", "list", env=with_login(server)).code == 0


def test_a_mute_identity_service_ends_with_the_deadline(faulty: MakeFaulty, make_client: MakeClient) -> None:
    """A login has a limit as every call has, and a lost one is not a lost create."""
    server = faulty(mute)
    with pytest.raises(Unavailable) as failed:
        log_in(make_client(0.3), CREDENTIALS._replace(identity_url=server.url))
    assert type(failed.value) is Unavailable


# Regions and tenants


@pytest.mark.parametrize("region", ["KR1", "kr1", "Kr1"])
def test_a_region_is_found_in_any_case(served: Served, nbs: Callable[..., Ran], region: str) -> None:
    """Catalogs write upper case, people do not."""
    assert nbs("volume", "list", "--region", region, env=served.environ).code == 0
    assert served.asked()[0].path == f"/v2/{TENANT_ID}/volumes/detail"


def test_the_region_chooses_the_endpoint(served: Served, nbs: Callable[..., Ran]) -> None:
    """Never a silent first: the other region's volumes are asked for at its own address."""
    served.cloud.seed(3, region="KR2")
    ran = nbs("volume", "list", "-q", "--region", "KR2", env=served.environ)
    assert len(ran.out.split()) == 3
    assert served.asked()[0].path == f"/kr2/v2/{TENANT_ID}/volumes/detail"


def test_an_unknown_region_lists_the_known_ones(served: Served, nbs: Callable[..., Ran]) -> None:
    """Exit 3, and what there is."""
    ran = nbs("volume", "list", "--region", "KR9", env=served.environ)
    assert ran.code == ExitCode.NOT_FOUND
    assert "there is no region KR9" in ran.err
    assert "KR1, KR2" in ran.err
    assert served.asked() == []


def test_without_a_region_two_are_a_question(served: Served, nbs: Callable[..., Ran]) -> None:
    """Exit 2 naming both: a guess would work in the wrong region (C9)."""
    ran = nbs("volume", "list", env={**served.environ, "NBS_REGION": ""})
    assert ran.code == ExitCode.USAGE
    assert "KR1, KR2" in ran.err
    assert served.asked() == []


def test_without_a_region_one_is_no_question(faulty: MakeFaulty, nbs: Callable[..., Ran]) -> None:
    """A realm with a single region needs no option."""
    server = faulty()
    server.script = cloud(answer(200, access([service(("KR4", server.url))])))
    assert nbs("volume", "list", env={**with_login(server), "NBS_REGION": ""}).code == 0


def test_several_services_of_one_type_are_one_choice(faulty: MakeFaulty, nbs: Callable[..., Ran]) -> None:
    """Regions may be entries of one service or services of their own."""
    server = faulty()
    catalog = [service(("KR1", server.url + "/one")), service(("KR2", server.url + "/two"))]
    server.script = cloud(answer(200, access(catalog)))
    assert nbs("volume", "list", "--region", "kr2", env=with_login(server)).code == 0
    assert server.asked()[0].target.startswith("/two/v2/")


def test_an_object_storage_tenant_is_told_as_such(served: Served, nbs: Callable[..., Ran]) -> None:
    """Its token is fine and its catalog has no block storage: exit 4 with the reason (facts.md 1.2)."""
    ran = nbs("volume", "list", env={**served.environ, "NBS_TENANT_ID": OBJECT_STORAGE_TENANT_ID})
    assert ran.code == ExitCode.AUTH
    assert "tenant ID of Object Storage is another one" in ran.err
    assert served.asked() == []


@pytest.mark.parametrize("tenant", [None, {"name": "x"}])
def test_a_token_for_no_tenant_is_told_as_such(faulty: MakeFaulty, nbs: Callable[..., Ran], tenant: Any) -> None:
    """Keystone gives an unscoped token where it did not take the tenant: exit 4, and nothing is asked with it."""
    told = access([], tenant=None)
    if tenant is not None:
        told["access"]["token"]["tenant"] = tenant
    server = faulty(by=cloud(answer(200, told)))
    ran = nbs("volume", "list", env=with_login(server))
    assert ran.code == ExitCode.AUTH
    assert "the token is for no tenant" in ran.err
    assert server.asked() == []


ODD_CATALOGS: list[Any] = [
    None,
    [],
    {},
    "none",
    5,
    [None, 5, "volumev2", []],
    [{"type": "volumev2"}],
    [{"type": "volumev2", "endpoints": None}],
    [{"type": "volumev2", "endpoints": 5}],
    [{"type": "volumev2", "endpoints": {"region": "KR1"}}],
    [{"type": "volumev2", "endpoints": [None, 5, {}, {"region": "KR1"}, {"region": 1, "publicURL": 2}]}],
    [{"type": ["volumev2"], "endpoints": []}],
    [service(("KR1", "http://x/v2/t"), kind="compute")],
]


@pytest.mark.parametrize("catalog", ODD_CATALOGS, ids=lambda catalog: str(catalog)[:40])
def test_a_catalog_that_names_no_block_storage_is_told(
    faulty: MakeFaulty, nbs: Callable[..., Ran], catalog: Any
) -> None:
    """Malformed entries are left out; what is left out is not there."""
    server = faulty(by=cloud(answer(200, access(catalog))))
    ran = nbs("volume", "list", env=with_login(server))
    assert ran.code == ExitCode.AUTH
    assert "mistake" not in ran.err
    assert server.asked() == []


# Endpoints


@pytest.mark.parametrize("tail", ["", "/", "/v2", "/v2/", f"/v2/{TENANT_ID}", f"/v2/{TENANT_ID}/"])
@pytest.mark.parametrize("base", ["https://a.example", "https://a.example:8443/volume"])
def test_an_endpoint_ends_in_the_tenant_exactly_once(base: str, tail: str) -> None:
    """With and without version, tenant and slash (facts.md 8)."""
    assert with_tenant(base + tail, TENANT_ID) == f"{base}/v2/{TENANT_ID}"


def test_an_endpoint_of_another_tenant_is_refused() -> None:
    """Its path and the token would not fit together."""
    with pytest.raises(Usage, match="0123"):
        with_tenant("https://a.example/v2/0123", TENANT_ID)


@pytest.mark.parametrize("tail", ["", "/", f"/v2/{TENANT_ID}", "/v2"])
def test_a_catalog_is_taken_with_and_without_the_tenant(faulty: MakeFaulty, nbs: Callable[..., Ran], tail: str) -> None:
    """The request's path is the same."""
    server = faulty()
    server.script = cloud(answer(200, access([service(("KR1", server.url + tail))])))
    assert nbs("volume", "list", env=with_login(server)).code == 0
    assert server.asked()[0].target == f"/v2/{TENANT_ID}/volumes/detail?limit=1000"


GOV = CREDENTIALS._replace(identity_url=REALMS["gov"].identity_url, realm=REALMS["gov"])
OWN = CREDENTIALS._replace(identity_url="https://keystone.example")
HERE = CREDENTIALS._replace(identity_url="http://127.0.0.1:5000")

TRUSTED = [
    (GOV, "https://kr1-api-block-storage-infrastructure.gov-nhncloudservice.com/v2/t"),
    (GOV, "https://KR2-API.GOV-NHNCLOUDSERVICE.COM/v2/t"),
    (GOV, "https://gov-nhncloudservice.com:8443/v2/t"),
    (OWN, "https://keystone.example/v2/t"),
    (OWN, "https://KEYSTONE.example:8776/v2/t"),
    (HERE, "http://127.0.0.1:8776/v2/t"),
    (HERE, "http://localhost:8776/v2/t"),
    (HERE, "https://127.0.0.1:8776/v2/t"),
    (GOV._replace(realm=REALMS["ngoic"]), "https://kr4-api.ngoic.go.kr/v2/t"),
    (GOV._replace(realm=REALMS["ngoic"]), "https://kr4-api.ngoic.com/v2/t"),
]
DISTRUSTED = [
    (GOV, "https://evil.example/v2/t"),
    (GOV, "http://kr1-api-block-storage-infrastructure.gov-nhncloudservice.com/v2/t"),
    (GOV, "https://gov-nhncloudservice.com.evil.example/v2/t"),
    (GOV, "https://evilgov-nhncloudservice.com/v2/t"),
    (GOV, "https://gov-nhncloudservice.com@evil.example/v2/t"),
    (GOV, "https://u:p@kr1-api.gov-nhncloudservice.com/v2/t"),
    (GOV, "https://evil.example/.gov-nhncloudservice.com/v2/t"),
    (GOV, "https://evil.example?.gov-nhncloudservice.com"),
    (GOV, "https://evil.example#.gov-nhncloudservice.com"),
    (GOV, "https://evil.example\\.gov-nhncloudservice.com/v2/t"),
    (GOV, "https://203.0.113.7/v2/t"),
    (GOV, "http://127.0.0.1/v2/t"),
    (GOV, "https://127.0.0.1/v2/t"),
    (GOV, "https://localhost/v2/t"),
    (GOV, "https://[::1]/v2/t"),
    (GOV, "https://kr1-api-block-storage-infrastructure.nhncloudservice.com/v2/t"),
    (GOV, "ftp://kr1-api.gov-nhncloudservice.com/v2/t"),
    (GOV, "//kr1-api.gov-nhncloudservice.com/v2/t"),
    (GOV, "kr1-api.gov-nhncloudservice.com/v2/t"),
    (GOV, "https://[bad/v2/t"),
    (GOV, "https://"),
    (GOV, ""),
    (OWN, "https://storage.example/v2/t"),
    (OWN, "https://sub.keystone.example/v2/t"),
    (OWN, "http://keystone.example/v2/t"),
    (OWN, "https://127.0.0.1/v2/t"),
    (HERE, "https://evil.example/v2/t"),
    (HERE, "http://127.0.0.1.evil.example/v2/t"),
    (HERE, "http://10.0.0.1/v2/t"),
    (HERE, "http://a@127.0.0.1/v2/t"),
    (GOV._replace(realm=REALMS["public"]), "https://kr1-api.gov-nhncloudservice.com/v2/t"),
]


@pytest.mark.parametrize(("credentials", "url"), TRUSTED)
def test_a_token_goes_to_its_own_cloud(credentials: Credentials, url: str) -> None:
    """The realm's domains, the own host of a user's identity URL, this machine for this machine."""
    check_origin(url, credentials)


@pytest.mark.parametrize(("credentials", "url"), DISTRUSTED)
def test_a_token_goes_nowhere_else(credentials: Credentials, url: str) -> None:
    """Other domains, plain http, userinfo, addresses, look-alikes, what is no URL (C8)."""
    with pytest.raises(Failure, match="no token goes there"):
        check_origin(url, credentials)


def test_a_catalog_that_names_another_host_gets_no_token(faulty: MakeFaulty, nbs: Callable[..., Ran]) -> None:
    """The command stops after the login: 0 requests with a token, the host in the message."""
    server = faulty(by=cloud(answer(200, access([service(("KR1", "https://evil.example/v2/t"))]))))
    ran = nbs("volume", "list", env=with_login(server))
    assert ran.code == ExitCode.FAILURE
    assert "evil.example" in ran.err
    assert server.asked() == []


@pytest.mark.parametrize("catalog_url", ["http://u:p@127.0.0.1:{port}/v2/t", "http://127.0.0.1.nip.io:{port}/v2/t"])
def test_a_catalog_that_hides_another_host_gets_no_token(
    faulty: MakeFaulty, nbs: Callable[..., Ran], catalog_url: str
) -> None:
    """Userinfo, and names that look like this machine's addresses."""
    server = faulty()
    url = catalog_url.format(port=server.port)
    server.script = cloud(answer(200, access([service(("KR1", url))])))
    assert nbs("volume", "list", env=with_login(server)).code == ExitCode.FAILURE
    assert server.asked() == []


def test_an_endpoint_that_the_user_named_needs_no_catalog(faulty: MakeFaulty, nbs: Callable[..., Ran]) -> None:
    """NBS_ENDPOINT is the user's own word; the login is still the identity service's."""
    storage = faulty(answer(200, VOLUMES))
    identity = faulty(answer(200, access([service(("KR1", "https://evil.example/v2/t"))])))
    assert nbs("volume", "list", env={**with_login(identity), "NBS_ENDPOINT": storage.url}).code == 0
    assert len(identity.heard) == 1
    assert storage.heard[0].headers["x-auth-token"] == "a-token"


def test_plain_http_to_another_machine_is_refused_before_anything(nbs: Callable[..., Ran]) -> None:
    """Also when the user names it: a token would travel in the open."""
    env = {"NBS_TOKEN": "t", "NBS_TENANT_ID": TENANT_ID, "NBS_ENDPOINT": "http://storage.example"}
    ran = nbs("volume", "list", env=env)
    assert ran.code == ExitCode.USAGE
    assert "plain http" in ran.err


# Tokens given, tokens that die


def test_a_given_token_makes_no_login(faulty: MakeFaulty, nbs: Callable[..., Ran]) -> None:
    """NBS_TOKEN with NBS_ENDPOINT: one request, with that token."""
    server = faulty(answer(200, VOLUMES))
    assert nbs("volume", "list", env=with_token(server)).code == 0
    assert [(heard.method, heard.headers["x-auth-token"]) for heard in server.heard] == [("GET", "a-token")]


@pytest.mark.parametrize("region", ["KR2", "kr2"])
def test_a_given_token_goes_to_the_documented_endpoint(make_client: MakeClient, region: str) -> None:
    """Realm and region name the host when there is no catalog (facts.md 2)."""
    given = GOV._replace(token="a-token", region=region)
    host = "kr2-api-block-storage-infrastructure.gov-nhncloudservice.com"
    assert Identity(make_client(), given).endpoint == f"https://{host}/v2/{TENANT_ID}"
    assert Identity(make_client(), given).image_endpoint is None


@pytest.mark.parametrize(
    ("credentials", "kind"),
    [
        (GOV._replace(token="a-token", region="KR9"), NotFound),
        (GOV._replace(token="a-token", region=None), Usage),
        (OWN._replace(token="a-token"), Usage),
    ],
)
def test_a_given_token_alone_does_not_say_where(
    make_client: MakeClient, credentials: Credentials, kind: type[Failure]
) -> None:
    """Without realm and region, or with a region that is none, nothing is guessed."""
    with pytest.raises(kind):
        _ = Identity(make_client(), credentials).endpoint


@pytest.mark.parametrize("token", ["한글", "a\nb", "a b", "a\r\nX-Evil: 1", "tok\x00en", "\udcff"])
def test_a_token_that_no_header_can_carry_is_refused_unseen(
    faulty: MakeFaulty, nbs: Callable[..., Ran], token: str
) -> None:
    """A line end from a file, a letter too many: exit 2, nothing sent, the token not shown."""
    server = faulty(answer(200, VOLUMES))
    ran = nbs("volume", "list", env={**with_token(server), "NBS_TOKEN": token})
    assert ran.code == ExitCode.USAGE
    assert server.heard == []
    assert token not in ran.err


def test_a_dead_given_token_cannot_be_renewed(faulty: MakeFaulty, nbs: Callable[..., Ran]) -> None:
    """Exit 4 after one request, with the way to a new one."""
    server = faulty(answer(401))
    ran = nbs("volume", "list", env=with_token(server))
    assert ran.code == ExitCode.AUTH
    assert "NBS_TOKEN" in ran.err
    assert len(server.heard) == 1


COMMANDS: list[tuple[str, ...]] = [
    ("volume", "list"),
    ("volume", "show", "{volume}"),
    ("volume", "create", "--size", "1", "--name", "new"),
    ("volume", "upload-image", "{volume}", "--image-name", "i"),
    ("snapshot", "create", "{volume}"),
    ("volume", "delete", "{volume}", "--yes"),
    ("types", "list"),
]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command[:2]))
def test_an_expired_token_is_not_noticed(
    served: Served, faulty: MakeFaulty, nbs: Callable[..., Ran], command: tuple[str, ...]
) -> None:
    """One new login, one request more, and the command goes on: creates too, for a 401 did nothing (C1)."""
    served.cloud.seed(1)
    (volume,) = nbs("volume", "list", "-q", env=served.environ).out.split()
    asked: list[Heard] = []

    def by(heard: Heard) -> Behaviour:
        if not heard.target.endswith("/tokens"):
            asked.append(heard)
            if len(asked) == 1:
                served.cloud.expire_tokens()
        return relay(served.url)

    front = faulty(by=by)
    served.calls.clear()
    ran = nbs(*(word.format(volume=volume) for word in command), env=with_login(front))
    assert (ran.code, "authentication" in ran.err) == (0, False)
    assert len(served.logins()) == 2
    first, second = served.asked()[:2]
    assert (first.method, first.path, first.body) == (second.method, second.path, second.body)
    assert first.headers["x-auth-token"] != second.headers["x-auth-token"]


@pytest.mark.parametrize(
    "command", [("volume", "list"), ("volume", "create", "--size", "1")], ids=["a list", "a create"]
)
def test_a_token_that_is_refused_twice_ends_it(
    faulty: MakeFaulty, nbs: Callable[..., Ran], command: tuple[str, ...]
) -> None:
    """Two sends, two logins, exit 4 (C2)."""
    server = faulty()
    told = access([service(("KR1", server.url))])
    server.script = cloud(answer(200, told), answer(401, {"error": {"message": "no"}}))
    ran = nbs(*command, env=with_login(server))
    assert ran.code == ExitCode.AUTH
    assert (len(server.asked()), len(server.logins())) == (2, 2)


@pytest.mark.parametrize(
    ("status", "words"),
    [(403, "Policy doesn't allow volume:create to be performed."), (400, "Malformed request url")],
)
def test_a_right_that_is_missing_is_no_dead_token(
    faulty: MakeFaulty, nbs: Callable[..., Ran], status: int, words: str
) -> None:
    """A new login would not help: exit 4 after one request, and the create is not sent a second time."""
    server = faulty()
    refusal = answer(status, {"forbidden": {"code": status, "message": words}})
    server.script = cloud(answer(200, access([service(("KR1", server.url))])), refusal)
    ran = nbs("volume", "create", "--size", "1", env=with_login(server))
    assert ran.code == ExitCode.AUTH
    assert words in ran.err
    assert (len(server.asked()), len(server.logins())) == (1, 1)


def test_a_password_that_was_changed_meanwhile_is_explained(faulty: MakeFaulty, nbs: Callable[..., Ran]) -> None:
    """A changed API password kills every token: the new login is refused, once, with the usual causes."""
    logins: list[Heard] = []

    def by(heard: Heard) -> Behaviour:
        if heard.target.endswith("/tokens"):
            logins.append(heard)
            return answer(200, told) if len(logins) == 1 else answer(401, {"error": {"message": "no"}})
        return answer(401)

    server = faulty(by=by)
    told = access([service(("KR1", server.url))])
    ran = nbs("volume", "list", env=with_login(server))
    assert ran.code == ExitCode.AUTH
    assert "API password" in ran.err
    assert (len(server.asked()), len(logins)) == (1, 2)


def test_threads_that_meet_a_dead_token_log_in_once(
    served: Served, faulty: MakeFaulty, nbs: Callable[..., Ran]
) -> None:
    """Eight refused requests are one new login, not eight."""
    served.cloud.seed(8)
    ids = nbs("volume", "list", "-q", env=served.environ).out.split()
    dead: list[str] = []

    def by(heard: Heard) -> Behaviour:
        token = heard.headers.get("x-auth-token")
        if token is not None and token in (dead or [token]):
            dead.append(token)
            return answer(401)
        return relay(served.url)

    front = faulty(by=by)
    served.calls.clear()
    assert nbs("volume", "show", *ids, "--parallel", "8", env=with_login(front)).code == 0
    assert len(served.logins()) == 2


def test_a_renewal_that_is_lost_is_no_lost_create(faulty: MakeFaulty, nbs: Callable[..., Ran]) -> None:
    """The 401 refused the create for sure; that the new login failed puts no volume in doubt: exit 9, not 11."""
    logins: list[Heard] = []

    def by(heard: Heard) -> Behaviour:
        if heard.target.endswith("/tokens"):
            logins.append(heard)
            return answer(200, told) if len(logins) == 1 else answer(503)
        return answer(401)

    server = faulty(by=by)
    told = access([service(("KR1", server.url))])
    assert nbs("volume", "create", "--size", "1", env=with_login(server)).code == ExitCode.UNAVAILABLE
    assert len(server.asked("POST")) == 1


def test_the_image_service_is_of_the_same_region(make_client: MakeClient, faulty: MakeFaulty) -> None:
    """Without a version, checked like the other; a catalog that has none gives None."""
    server = faulty(answer(200, access([service(("KR1", "{}"))])))
    credentials = CREDENTIALS._replace(identity_url=server.url, region="kr2")
    here = server.url
    for image, expected in [
        ([service(("KR1", here + "/one"), ("KR2", here + "/two/v2/"), kind="image")], here + "/two"),
        ([], None),
    ]:
        catalog = [service(("KR1", here), ("KR2", here)), *image]
        server.script = [answer(200, access(catalog))]
        assert Identity(make_client(), credentials).image_endpoint == expected


def test_the_region_is_told_as_the_catalog_writes_it(make_client: MakeClient, faulty: MakeFaulty) -> None:
    """People may write `kr1`."""
    server = faulty(answer(200, access([service(("KR1", "http://127.0.0.1"))])))
    credentials = CREDENTIALS._replace(identity_url=server.url, region="kr1")
    identity = Identity(make_client(), credentials)
    assert identity.region_of(log_in(make_client(), credentials)) == "KR1"
