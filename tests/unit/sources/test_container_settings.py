"""The projection of containers: what is kept, that manifests and clusters give the same, and how little it costs."""

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from perfana_support.model.installation import PLAIN, ContainerSettings, Location, Setting
from perfana_support.sources.container_settings import Volumes, read_settings
from perfana_support.sources.errors import ShapeError
from perfana_support.sources.yaml_view import MappingView, ViewLoader


def nowhere(_mapping: object, _field: str) -> None:
    return None


def read(container: dict[str, Any], **pod: Any) -> ContainerSettings:  # noqa: ANN401 - plain data
    return read_settings({"name": "c", "image": "i"} | container, Volumes(pod), nowhere)


def compose(text: str) -> MappingView:
    node = yaml.compose(text, Loader=ViewLoader)
    assert isinstance(node, yaml.MappingNode)
    return MappingView(node)


def view(data: object) -> MappingView:
    return compose(yaml.safe_dump(data))


@pytest.mark.parametrize(
    "container",
    [
        {},
        {"env": None, "envFrom": None, "command": None, "args": None, "volumeMounts": None, "volumeDevices": None},
        {"env": [], "command": [], "args": [], "volumeMounts": [], "lifecycle": {}, "workingDir": ""},
        {"lifecycle": {"preStop": {"sleep": {"seconds": 1}}, "postStart": None}},
        {"env": [{"name": "DB_PASSWORD", "value": "hunter2"}, {"name": "NODE_ENV", "value": "production"}, {}, {"name": 5}]},
        {"env": [{"name": "NODE_OPTIONS", "value": ""}, {"name": "NODE_OPTIONS"}, {"name": "LD_PRELOAD", "value": None}]},
        {"volumeMounts": [{"name": "t", "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"}]},
        {"volumeMounts": [{"name": "t", "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount/"}]},
        {"volumeMounts": [{"name": "t"}, {"name": "t", "mountPath": ""}]},
        {"envFrom": [{"prefix": "APP_", "secretRef": {"name": "s"}}, {}]},
        {"resources": {"limits": {"cpu": "1"}}, "ports": [{"containerPort": 80}]},
    ],
)
def test_nothing_that_rules_read_is_one_shared_value(container: dict[str, Any]) -> None:
    assert read(container) is PLAIN
    assert read_settings(view(container), Volumes(view({})), nowhere) is PLAIN


def test_everything_is_kept_in_its_place() -> None:
    settings = read(
        {
            "command": ["node", "x.js"],
            "args": ["--a", 8080, True, None],
            "workingDir": "/data",
            "env": [
                {"name": "LOG", "value": "secret"},
                {"name": "NODE_OPTIONS", "value": "-r x"},
                {"name": "LD_PRELOAD", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
                {"name": "NODE_OPTIONS", "value": "-r y"},
            ],
            "envFrom": [{"configMapRef": {"name": "m"}}, {"prefix": "LD_", "secretRef": {"name": "s"}}],
            "volumeMounts": [{"name": "v", "mountPath": "/app/x", "subPath": "y"}],
            "volumeDevices": [{"name": "d", "devicePath": "/dev/x"}],
            "lifecycle": {"postStart": {"exec": {"command": ["sh", "-c", "x"]}}, "preStop": {"exec": {}}},
        },
        volumes=[{"name": "v", "secret": {"secretName": "t"}}, {"name": "d", "persistentVolumeClaim": {"claimName": "p"}}],
    )
    assert settings == ContainerSettings(
        command=(Setting("workingDir", "/data"), Setting("", "node"), Setting("", "x.js")),
        args=(Setting("", "--a"), Setting("", "8080"), Setting("", "true"), Setting("", "")),
        variables=(
            Setting("NODE_OPTIONS", "-r x"),
            Setting("LD_PRELOAD", ""),
            Setting("NODE_OPTIONS", "-r y"),
            Setting("envFrom", "configMap m"),
            Setting("envFrom", "secret s"),
        ),
        mounts=(Setting("/app/x", "secret t"), Setting("/dev/x", "persistentVolumeClaim p")),
        hooks=(Setting("postStart", "sh -c x"), Setting("preStop", "")),
    )


@pytest.mark.parametrize(
    ("volume", "shown"),
    [
        ({"configMap": {"name": "m"}}, "configMap m"),
        ({"configMap": {}}, "configMap"),
        ({"secret": {"secretName": "s"}}, "secret s"),
        ({"persistentVolumeClaim": {"claimName": "p"}}, "persistentVolumeClaim p"),
        ({"hostPath": {"path": "/srv"}}, "hostPath /srv"),
        ({"image": {"reference": "a/b:1"}}, "image a/b:1"),
        ({"csi": {"driver": "d"}}, "csi d"),
        ({"nfs": {"server": "n", "path": "/"}}, "nfs n"),
        ({"emptyDir": {}}, "emptyDir"),
        ({"emptyDir": None}, "emptyDir"),
        ({"projected": {"sources": []}}, "projected"),
        ({"ephemeral": {"volumeClaimTemplate": {}}}, "ephemeral"),
        ({}, "emptyDir"),
        (None, "volume v"),
    ],
)
def test_mount_says_what_is_mounted(volume: dict[str, Any] | None, shown: str) -> None:
    volumes = [] if volume is None else [{"name": "v"} | volume]
    (mount,) = read({"volumeMounts": [{"name": "v", "mountPath": "/x"}]}, volumes=volumes).mounts
    assert mount == Setting("/x", shown)


def test_claim_of_a_stateful_set_reads_the_same_in_its_template_and_in_every_pod() -> None:
    container = {"volumeMounts": [{"name": "data", "mountPath": "/app/data"}]}
    template = read(container, volumes=[])
    for place in range(2):
        claim = {"name": "data", "persistentVolumeClaim": {"claimName": f"data-web-{place}"}}
        assert read(container, volumes=[claim], hostname=f"web-{place}") == template
        assert read(container, volumes=[claim], hostname="other") != template


@pytest.mark.parametrize(
    ("container", "pod", "message"),
    [
        ({"env": {"A": "b"}}, {}, 'container "c".env: must be a list'),
        ({"env": ["A=b"]}, {}, 'container "c".env[0]: must be a mapping'),
        ({"env": [{"name": "PATH", "value": ["x"]}]}, {}, 'container "c".env[0].value: must be a text'),
        ({"envFrom": ["x"]}, {}, 'container "c".envFrom[0]: must be a mapping'),
        ({"envFrom": [{"secretRef": "x"}]}, {}, 'container "c".envFrom[0].secretRef: must be a mapping'),
        ({"command": "node x"}, {}, 'container "c".command: must be a list'),
        ({"args": [["x"]]}, {}, 'container "c".args[0]: must be a text'),
        ({"workingDir": {}}, {}, 'container "c".workingDir: must be a text'),
        ({"volumeMounts": ["/app"]}, {}, 'container "c".volumeMounts[0]: must be a mapping'),
        ({"volumeMounts": [{"mountPath": []}]}, {}, 'container "c".volumeMounts[0].mountPath: must be a text'),
        ({"volumeMounts": [{"mountPath": "/x"}]}, {"volumes": "v"}, "volumes: must be a list"),
        ({"volumeMounts": [{"mountPath": "/x"}]}, {"volumes": ["v"]}, "volumes[0]: must be a mapping"),
        ({"lifecycle": []}, {}, 'container "c".lifecycle: must be a mapping'),
        ({"lifecycle": {"preStop": {"exec": ["x"]}}}, {}, 'container "c".lifecycle.preStop.exec: must be a mapping'),
        (
            {"lifecycle": {"preStop": {"exec": {"command": "x"}}}},
            {},
            'container "c".lifecycle.preStop.exec.command: must be a list',
        ),
    ],
)
def test_wrong_shape_is_named_and_not_skipped(container: dict[str, Any], pod: dict[str, Any], message: str) -> None:
    with pytest.raises(ShapeError) as caught:
        read(container, **pod)
    assert str(caught.value) == message


def test_long_texts_are_cut_and_equal_nothing_afterwards() -> None:
    harmless = "--max-old-space-size=1 " * 40
    settings = read({"command": ["x" * 10_000], "env": [{"name": "NODE_OPTIONS", "value": harmless + "-r /x.js"}]})
    assert len(settings.command[0].value) == 512
    assert settings.command[0].value.endswith("…")
    assert settings.variables[0].value.endswith("…")


def test_long_way_round_to_a_mount_ends_where_it_ends() -> None:
    (mount,) = read({"volumeMounts": [{"name": "v", "mountPath": "/data" + "/x/.." * 200 + "/../app/dist"}]}).mounts
    assert mount.name == "/app/dist"


def test_many_words_are_cut_with_a_mark() -> None:
    words = read({"args": [str(number) for number in range(1000)]}).args
    assert len(words) == 65
    assert words[-1].value == "…"
    assert len(read({"args": ["x"] * 64}).args) == 64


def test_equal_settings_are_one_object() -> None:
    def settings() -> ContainerSettings:
        return read({"env": [{"name": "NODE_OPTIONS", "value": "--max-old-space-size=" + str(1)}], "args": ["a", "b"]})

    assert settings() is settings()


def test_settings_of_a_manifest_know_their_lines() -> None:
    text = """\
name: c
workingDir: /w
command:
- node
env:
- name: NODE_OPTIONS
  value: -r x
- name: LD_PRELOAD
  valueFrom:
    secretKeyRef: {name: s, key: k}
volumeMounts:
- name: v
  mountPath: /app
lifecycle:
  preStop:
    exec:
      command: [x]
"""

    def locate(mapping: object, field: str) -> Location | None:
        return Location("m.yaml", mapping.line_of(field)) if isinstance(mapping, MappingView) else None

    settings = read_settings(compose(text), Volumes({}), locate)
    lines = [setting.location.line for part in settings for setting in part if setting.location]
    assert lines == [2, 4, 7, 10, 13, 17]


TEXTS = st.sampled_from(["node", "/app", "x y", "NODE_OPTIONS", "LD_PRELOAD", "LOG"])
CONTAINERS = st.fixed_dictionaries(
    {"name": st.just("c")},
    optional={
        "command": st.lists(TEXTS, max_size=3),
        "args": st.lists(TEXTS, max_size=3),
        "workingDir": TEXTS,
        "env": st.lists(
            st.one_of(
                st.fixed_dictionaries({"name": TEXTS}, optional={"value": TEXTS}),
                st.fixed_dictionaries({"name": TEXTS, "valueFrom": st.just({"fieldRef": {"fieldPath": "x"}})}),
            ),
            max_size=4,
        ),
        "envFrom": st.lists(st.sampled_from([{"secretRef": {"name": "s"}}, {"configMapRef": {"name": "m"}}]), max_size=2),
        "volumeMounts": st.lists(st.fixed_dictionaries({"name": TEXTS, "mountPath": TEXTS}), max_size=3),
        "lifecycle": st.fixed_dictionaries(
            {}, optional={"preStop": st.fixed_dictionaries({"exec": st.fixed_dictionaries({"command": st.lists(TEXTS)})})}
        ),
    },
)
VOLUMES: st.SearchStrategy[list[dict[str, Any]]] = st.lists(
    st.fixed_dictionaries({"name": TEXTS}, optional={"emptyDir": st.just({})}), max_size=3
)


@given(CONTAINERS, VOLUMES)
def test_manifest_and_cluster_give_the_same(container: dict[str, Any], volumes: list[dict[str, Any]]) -> None:
    pod = {"volumes": volumes}
    assert read_settings(view(container), Volumes(view(pod)), nowhere) == read_settings(container, Volumes(pod), nowhere)
