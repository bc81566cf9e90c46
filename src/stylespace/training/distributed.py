"""Several processes that train one model: the only file that speaks to torch.distributed.

Each process holds all weights and takes its share of each batch. The gradients of a network lie
in one buffer, so one sum of it over the processes a step is all that they must exchange: what
DistributedDataParallel's buckets would do, but that hooks into autograd, which is not used here.
"""

from __future__ import annotations

import datetime
import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from stylespace.errors import DataError, StylespaceError, UsageError, first_line

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Group", "Parts", "joined", "launched"]

Result = TypeVar("Result")

VARIABLES = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT")
PATIENCE = datetime.timedelta(minutes=60)  # a process that says nothing for so long is lost
ENDING = ("SIGINT", "SIGTERM", "SIGHUP")
LARGEST_PORT = 65535
AGREE_EVERY = 10  # steps between two agreements on whether to stop


class Parts(NamedTuple):
    """Which rows of a batch's two parts a process takes, counted from the start of each part."""

    first: slice
    second: slice


@dataclass(frozen=True)
class Group:
    """The processes that train one model; this one is alone.

    Attributes:
        rank: number of this process, from 0; the first one writes and prints.
        size: how many there are.
        local_rank: number of this process on its machine.
    """

    rank: int = 0
    size: int = 1
    local_rank: int = 0

    def parts(self, count: int, first: int) -> Parts:
        """Share out a batch of which the first rows are treated otherwise than the rest.

        Args:
            count: rows of the batch; a multiple of the number of processes.
            first: rows of its first part.

        Example:
            >>> Group(rank=0, size=2).parts(100, 75)
            Parts(first=slice(0, 37, None), second=slice(0, 13, None))
            >>> Group(rank=1, size=2).parts(100, 75)
            Parts(first=slice(37, 75, None), second=slice(13, 25, None))
        """
        ends = [(self.rank + side) * count // self.size for side in (0, 1)]
        of_first = [(self.rank + side) * first // self.size for side in (0, 1)]
        of_second = [end - own for end, own in zip(ends, of_first, strict=True)]
        return Parts(slice(*of_first), slice(*of_second))

    def check(self, count: int, first: int) -> None:
        """Refuse batches that the processes cannot share; the arguments are those of `parts`.

        Raises:
            UsageError: not all get as many rows, or one of them gets none of a part that has any.
        """
        if count % self.size:
            raise UsageError(
                f"{self.size} processes cannot share batches of {count} evenly: start as many as "
                "divide it, or choose another --batch-size"
            )
        fewest = min(part for part in (first, count - first) if part)
        if fewest < self.size:
            raise UsageError(
                f"{self.size} processes cannot share batches of {count}, of which {fewest} are "
                "deformed: start fewer, or choose a larger --batch-size"
            )

    def sum(self, tensor: Tensor) -> None:
        """Replace a tensor by the sum of all processes' tensors, the same bits for all."""

    def agree(self, step: int, number: int) -> int:  # noqa: ARG002
        """The largest of all processes' numbers, asked for every few steps; else 0."""
        return number

    def gather(self, value: Result) -> list[Result]:
        """What every process has, in the order of their ranks."""
        return [value]

    def alike(self, value: Result | None, source: str) -> Result:
        """What the processes have in common; None is of one that does not know.

        Raises:
            DataError: they have different values.
        """
        known = [one for one in self.gather(value) if one is not None]
        if any(one != known[0] for one in known):
            raise DataError(f"{source} holds other images on one machine than on another")
        return known[0]

    def together(self, work: Callable[[], Result]) -> Result:
        """Do some work in every process.

        Raises:
            StylespaceError: from the first process in which it failed; the others end quietly.
        """
        return work()

    def on_first(self, work: Callable[[], Result]) -> Result:
        """Do some work in the first process only; all get its result.

        Raises:
            StylespaceError: in the first process, if it failed; the others end quietly.
        """
        return work()

    def one_before_the_rest(self, work: Callable[[], Result]) -> Result:
        """Do some work in every process, but in one of each machine first: it may fill a cache.

        Raises:
            StylespaceError: as `together`.
        """
        return work()


class _Joined(Group):
    """One of several processes."""

    def sum(self, tensor: Tensor) -> None:
        import torch.distributed as dist

        with self._speaking():
            dist.all_reduce(tensor)

    def agree(self, step: int, number: int) -> int:
        if (step + 1) % AGREE_EVERY:
            return 0
        import torch
        import torch.distributed as dist

        # on the CPU even beside a GPU: the answer must not wait for the device's queue
        most = torch.tensor([number], device="cpu")
        with self._speaking():
            dist.all_reduce(most, dist.ReduceOp.MAX)
        return int(most)

    def gather(self, value: Result) -> list[Result]:
        import torch.distributed as dist

        values: list[Any] = [None] * self.size
        with self._speaking():
            dist.all_gather_object(values, value)
        return values

    def together(self, work: Callable[[], Result]) -> Result:
        result: Result = self._settled(_tried(work))
        return result

    def on_first(self, work: Callable[[], Result]) -> Result:
        import torch.distributed as dist

        tried = _tried(work) if self.rank == 0 else _Tried()
        told: list[Any] = [tried.error is None, tried.result]
        with self._speaking():
            dist.broadcast_object_list(told, src=0)
        if not told[0]:
            raise tried.error or SystemExit(1)
        result: Result = told[1]
        return result

    def one_before_the_rest(self, work: Callable[[], Result]) -> Result:
        leads = self.local_rank == 0
        lead: Result = self._settled(_tried(work) if leads else _Tried())
        rest: Result = self._settled(_Tried() if leads else _tried(work))
        return lead if leads else rest

    def _settled(self, tried: _Tried) -> Any:  # noqa: ANN401
        failed = self.gather(tried.error is not None)
        if True in failed:
            first = failed.index(True) == self.rank
            raise tried.error if first and tried.error else SystemExit(1)
        return tried.result

    @contextmanager
    def _speaking(self) -> Iterator[None]:
        try:
            yield
        except RuntimeError:  # what torch.distributed raises of all that can go wrong on the way
            raise StylespaceError(
                f"process {self.rank} of {self.size}: another process of this run has ended, or "
                "said nothing for an hour, so this one ends too; the session is as it was last "
                "saved, and the same command goes on from there"
            ) from None


class _Tried(NamedTuple):
    """What came of some work."""

    result: Any = None
    error: StylespaceError | None = None


def _tried(work: Callable[[], object]) -> _Tried:
    try:
        return _Tried(result=work())
    except StylespaceError as error:
        return _Tried(error=error)


def launched(environment: Mapping[str, str] = os.environ) -> Group:
    """What a launcher such as torchrun tells this process of its place among others.

    Raises:
        UsageError: it tells only half, or what cannot be.
    """
    told = {name: environment[name] for name in VARIABLES if environment.get(name)}
    if not set(told) & {"RANK", "WORLD_SIZE", "LOCAL_RANK"}:  # an address alone means nothing
        return Group()
    missing = [name for name in VARIABLES if name not in told]
    if missing:
        raise UsageError(
            f"the environment has {', '.join(told)}, but not {', '.join(missing)}: start several "
            "processes with torchrun, or unset what is left of a launcher"
        )
    numbers = {name: _number(name, told[name]) for name in VARIABLES if name != "MASTER_ADDR"}
    rank, size = numbers["RANK"], numbers["WORLD_SIZE"]
    if rank >= size:
        raise UsageError(f"RANK={rank} is not below WORLD_SIZE={size}: start with torchrun")
    return _Joined(rank, size, numbers["LOCAL_RANK"]) if size > 1 else Group()


def _number(name: str, text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = -1
    least = 1 if name in ("WORLD_SIZE", "MASTER_PORT") else 0
    if number < least or (name == "MASTER_PORT" and number > LARGEST_PORT):
        raise UsageError(f"{name}={text} cannot be: start several processes with torchrun")
    return number


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Let signals end the process at once: while it waits outside Python it can hear none."""
    main = threading.current_thread() is threading.main_thread()  # no other may set them
    known = [getattr(signal, name) for name in ENDING if main and hasattr(signal, name)]
    handled = [number for number in known if callable(signal.getsignal(number))]  # not ignored
    own = {number: signal.signal(number, signal.SIG_DFL) for number in handled}
    try:
        yield
    finally:
        for number, handler in own.items():
            signal.signal(number, handler)


@contextmanager
def joined(group: Group) -> Iterator[None]:
    """Be in touch with the other processes of a group, if there are any.

    Raises:
        UsageError: they cannot be reached.
    """
    if group.size == 1:
        yield
        return
    import torch
    import torch.distributed as dist

    # each kind of tensor its own way, so that what is on the CPU need not wait for a GPU
    backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
    try:
        with _ended_by_signals():
            dist.init_process_group(
                backend, rank=group.rank, world_size=group.size, timeout=PATIENCE
            )
    except (RuntimeError, ValueError) as error:
        address = f"{os.environ['MASTER_ADDR']}:{os.environ['MASTER_PORT']}"
        reason = first_line(error)
        raise UsageError(f"cannot reach the other processes at {address} ({reason})") from None
    yield
    dist.destroy_process_group()  # after a failure the end of the process does it
