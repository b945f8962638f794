"""A dictionary of tensors that knows them by identity, since `==` compares their numbers, and keeps none alive."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from typing import TypeVar
from weakref import ref

from tinyinception.tensor import Tensor

V = TypeVar("V")


class TensorDict(MutableMapping[Tensor, V]):
    """What `WeakKeyDictionary` would be if it did not compare its keys; None is no key, but may be looked up."""

    def __init__(self, entries: Mapping[Tensor, V] | None = None):
        self._entries: dict[int, tuple[ref, V]] = {}
        self.update(entries or {})

    def __getitem__(self, tensor: Tensor | None) -> V:
        return self._entries[id(tensor)][1]

    def __setitem__(self, tensor: Tensor, value: V) -> None:
        key = id(tensor)
        self._entries[key] = ref(tensor, lambda _: self._entries.pop(key, None)), value

    def __delitem__(self, tensor: Tensor) -> None:
        del self._entries[id(tensor)]

    def __contains__(self, tensor: object) -> bool:
        return id(tensor) in self._entries

    def __iter__(self) -> Iterator[Tensor]:
        return (tensor for tensor in [known() for known, _ in self._entries.values()] if tensor is not None)

    def __len__(self) -> int:
        return len(self._entries)
