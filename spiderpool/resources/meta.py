"""Object metadata of the Kubernetes API, as far as the product reads or writes it."""

import msgspec


class OwnerReference(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Who made an object; the garbage collector follows it. Claims carry none on purpose (docs/architecture.md)."""

    api_version: str
    kind: str
    name: str
    uid: str
    controller: bool = False
    block_owner_deletion: bool = False


class ObjectMeta(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Metadata of one object. ``resource_version`` is opaque: only the API server may order two of them."""

    name: str = ""
    generate_name: str = ""
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    generation: int = 0
    creation_timestamp: str | None = None
    deletion_timestamp: str | None = None
    deletion_grace_period_seconds: int | None = None
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    finalizers: tuple[str, ...] = ()
    owner_references: tuple[OwnerReference, ...] = ()


class Condition(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """One condition of a status, in the shape of the API conventions.

    Attributes:
        type: What it is about.
        status: True, False or Unknown.
        reason: Why, as one word.
        message: Why, for people.
        last_transition_time: When the status last changed.
        observed_generation: The generation of the object that it was judged by.
    """

    type: str
    status: str
    reason: str
    message: str = ""
    last_transition_time: str = ""
    observed_generation: int = 0


class LabelSelectorRequirement(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One requirement on a label.

    Attributes:
        key: The label's key.
        operator: In, NotIn, Exists or DoesNotExist.
        values: The values of In and NotIn.
    """

    key: str
    operator: str
    values: tuple[str, ...] = ()


class LabelSelector(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A label selector; all parts must hold. An empty one matches everything.

    Attributes:
        match_labels: Labels that must be there with these values.
        match_expressions: Requirements that must hold.
    """

    match_labels: dict[str, str] = {}
    match_expressions: tuple[LabelSelectorRequirement, ...] = ()

    def matches(self, labels: dict[str, str]) -> bool:
        """Whether a set of labels satisfies every part.

        Raises:
            ValueError: an operator that the API does not know.
        """
        return all(labels.get(key) == value for key, value in self.match_labels.items()) and all(
            _holds(requirement, labels) for requirement in self.match_expressions
        )


def _holds(requirement: LabelSelectorRequirement, labels: dict[str, str]) -> bool:
    value = labels.get(requirement.key)
    match requirement.operator:
        case "In":
            return value is not None and value in requirement.values
        case "NotIn":
            return value is None or value not in requirement.values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
    raise ValueError(f"operator {requirement.operator!r} is not In, NotIn, Exists or DoesNotExist")
