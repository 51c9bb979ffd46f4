# SPDX-License-Identifier: Apache-2.0
"""Makes the random scripts of the differential test.  docs/design/oracle.md has the language."""
import random

CORES, MOCKS, VALUES, PROMISES, BODIES = 3, 2, 5, 3, 4


# Scripts from this number on are about channels.
CHANNELS = 10_000_000


def script(seed, number):
    """Script `number` of a seed: a line."""
    source = random.Random(f"{seed}:{number}")
    return Channels(source).script() if number >= CHANNELS else Maker(source).script()


class Channels:
    """One script's choices, with channels: what to send where, and when to cancel."""

    def __init__(self, source):
        self.random = source.random
        self.items = 0

    def below(self, end):
        return int(self.random() * end)

    def channel(self):
        return 0 if self.random() < .85 else 1

    def cancel(self):
        return -1 if self.random() < .6 else self.below(4)

    def item(self):
        self.items += 1
        return self.items

    def script(self):
        """Scripts differ in how much more is sent than received."""
        eager = .15 + self.random() * .7
        operations = [f"chnew {i} {(-1, 1, 1, 2, 3, 7)[self.below(6)]}" for i in range(2)]
        for _ in range(6 + self.below(40)):
            operations.append(self.operation(eager))
        return ";".join(operations)

    def operation(self, eager):
        kind, channel = self.random(), self.channel()
        if kind < .04:
            return f"chclose {channel} {-self.below(3)}"
        if kind < .12:
            return f"chcancel {self.below(4)}"
        if kind < .16:
            return f"chfresh {self.below(4)}"
        if kind < .2:
            return f"chcount {channel}"
        if self.random() < eager:
            return (f"chput {channel} {self.item()}" if self.random() < .3
                    else f"chsend {channel} {self.item()} {self.cancel()}")
        return (f"chtake {channel}" if self.random() < .3
                else f"chrecv {channel} {self.cancel()}")


class Maker:
    """One script's choices."""

    def __init__(self, source):
        self.random = source.random
        self.operations = [(make, upto) for make, upto in self.weighted()]
        self.total = self.operations[-1][1]

    def below(self, end):
        return int(self.random() * end)

    def maybe(self, chance):
        return 1 if self.random() < chance else 0

    def weighted(self):
        upto = 0
        for weight, make in (
                (3, self.new), (2, self.switch), (12, self.complete), (6, self.reset),
                (5, self.status), (6, self.get), (14, self.register), (1, self.register_null),
                (3, self.mock), (4, self.fire), (9, self.make_value), (3, self.of_source),
                (3, self.of_mock), (1, self.bad), (2, self.copy), (2, self.configure),
                (5, self.preserve), (2, self.release), (5, self.as_promise), (4, self.ask), (6, self.read),
                (7, self.wait), (4, self.equal), (3, self.new_promise),
                (4, self.complete_promise), (3, self.enter), (4, self.drain),
                (3, self.convert_mock), (2, self.twins), (2, self.configured), (3, self.home),
                (1, self.reset_under)):
            upto += weight
            yield make, upto

    def script(self):
        """The operations, then those of each body; a body refers to later ones only."""
        self.level = -1
        lists = [[self.new(i) for i in range(1 + self.below(2))] +
                 [self.new_mock(0)] * self.maybe(0.4) +
                 [self.new_promise(0)] * self.maybe(0.4) +
                 [self.operation() for _ in range(4 + self.below(18))]]
        for self.level in range(BODIES):
            lists.append([self.operation() for _ in range(self.below(5))])
        return "|".join(";".join(operations) for operations in lists)

    def operation(self):
        while True:
            at = self.below(self.total)
            for make, upto in self.operations:
                if at < upto:
                    break
            text = make()
            # A body is run by a drain, or inside an operation.
            if self.level < 0 or not text.endswith("drain"):
                return text

    # ------------------------------------------------------------------------- pieces

    def core(self):
        return self.below(2) if self.maybe(0.9) else self.below(CORES)

    def value(self):
        return self.below(3) if self.maybe(0.8) else self.below(VALUES)

    def token(self):
        """Beside the present one."""
        return 0 if self.maybe(0.82) else (-1, 1, -2, 2, 5)[self.below(5)]

    def body(self):
        later = BODIES - 1 - self.level
        return -1 if later <= 0 or self.maybe(0.4) else self.level + 1 + self.below(later)

    def origin(self):
        """From which context: 0, 1, 2 the base class, 3 none, 4 as it is, 5, 6 a scheduler."""
        return (4, 4, 0, 1, 2, 3, 5, 6)[self.below(8)]

    # -------------------------------------------------------------------------- cores

    def new(self, core=None):
        core = self.core() if core is None else core
        return f"new {core} {self.below(8)} {self.maybe(.4)} {self.maybe(.7)}"

    def switch(self):
        return f"async {self.core()} {self.below(2)}"

    def complete(self):
        core, kind = self.core(), self.below(20)
        if kind == 0:
            return f"fail0 {core}"
        if kind < 11:
            return f"set {core} {self.below(12)}"
        if kind < 16:
            return f"fail {core} -{1 + self.below(9)} {self.below(4)}"
        return f"cancel {core} {1 + self.below(3)}"

    def reset(self):
        return f"reset {self.core()}"

    def status(self):
        return f"status {self.core()} {self.token()}"

    def get(self):
        return f"get {self.core()} {self.token()}"

    def register(self):
        return (f"reg {self.core()} {self.token()} {self.below(4)} {self.origin()} "
                f"{self.body()}")

    def register_null(self):
        return f"regnull {self.core()} {self.token()}"

    # -------------------------------------------------------------------------- mocks

    def new_mock(self, mock):
        return f"mock {mock} {self.maybe(.6)}"

    def mock(self):
        return self.new_mock(self.below(MOCKS))

    def fire(self):
        """1 succeeded, 2 faulted, 3 canceled; 0 reads, 1 fails, 2 is canceled."""
        return (f"fire {self.below(MOCKS)} {1 + self.below(3)} {self.below(3)} "
                f"{1 + self.below(9)}")

    # ------------------------------------------------------------------------- values

    def make_value(self):
        value, kind = self.value(), self.below(10)
        if kind < 4:
            return self.of_source()
        if kind < 6:
            return f"result {value} {self.below(2)} {self.below(4)}"
        if kind < 7:
            return f"error {value} {self.below(2)} -{1 + self.below(3)} {self.below(2)}"
        if kind < 8:
            return f"canceled {value} {self.below(2)} {1 + self.below(3)}"
        return f"promise {value} {self.below(PROMISES)}"

    def of_source(self):
        return f"source {self.value()} {self.core()} {self.token()}"

    def of_mock(self):
        return f"vmock {self.value()} {self.below(MOCKS)} {self.below(4)}"

    def bad(self):
        return f"bad {self.value()} {self.below(3)}"

    def copy(self):
        return f"copy {self.value()} {self.below(VALUES)}"

    def configure(self):
        return f"conf {self.value()} {self.below(VALUES)} {self.maybe(.3)}"

    def preserve(self):
        return f"preserve {self.value()} {self.below(VALUES)}"

    def release(self):
        return f"release {self.value()}"

    def as_promise(self):
        return f"aspromise {self.value()} {self.below(PROMISES)}"

    def ask(self):
        return f"ask {self.value()}"

    def read(self):
        return f"read {self.value()}"

    def wait(self):
        return f"await {self.value()} {self.below(4)} {self.origin()} {self.body()}"

    def equal(self):
        return f"eq {self.value()} {self.value()}"

    # ----------------------------------------------------------------------- promises

    def new_promise(self, promise=None):
        promise = self.below(PROMISES) if promise is None else promise
        return f"pnew {promise} {self.below(2)} {self.below(2)}"

    def complete_promise(self):
        promise, kind = self.below(PROMISES), self.below(8)
        if kind == 0:
            return f"pfail0 {promise}"
        if kind < 4:
            return f"pset {promise} {self.below(12)}"
        if kind < 6:
            return f"pfail {promise} -{1 + self.below(9)} {self.below(4)}"
        return f"pcancel {promise} {1 + self.below(3)}"

    # ---------------------------------------------- what chance alone brings about seldom

    def convert_mock(self):
        """A conversion of a source that may contradict itself, before or after."""
        value, mock, fire = self.value(), self.below(MOCKS), self.fire()
        source = f"mock {mock} {self.maybe(.6)};vmock {value} {mock} {self.below(4)}"
        if self.maybe(.5):
            promise = self.below(PROMISES)
            convert, made = f"aspromise {value} {promise}", f"promise {value} {promise}"
        else:
            convert, made = f"preserve {value} {value}", f"ask {value}"
        first, then = (fire, convert) if self.maybe(.6) else (convert, fire)
        return f"{source};{first};{then};{made};read {value}"

    def twins(self):
        """Two values that are made alike."""
        value, other, typed = self.value(), self.value(), self.below(2)
        one, two = ((f"error {value} {typed} -1 0", f"error {other} {typed} -1 0"),
                    (f"canceled {value} {typed} 1", f"canceled {other} {typed} 1"),
                    (f"result {value} {typed} 1", f"result {other} {typed} 1;"
                     f"aspromise {other} 0;promise {other} 0"),
                    (f"result {value} {typed} 1;preserve {value} {value}",
                     f"result {other} {typed} 1;preserve {other} {other}"),
                    (f"result {value} {typed} 1;aspromise {value} 0;promise {value} 0",
                     f"aspromise {value} 1;promise {other} 1"),
                    (f"result {value} {typed} 1;aspromise {value} 0;promise {value} 0",
                     f"result {other} {typed} 1;aspromise {other} 1;promise {other} 1"),
                    )[self.below(6)]
        return f"{one};{two};eq {value} {other}"

    def configured(self):
        """A value that need not come back, awaited where there is something to come to."""
        value, core, promise = self.value(), self.core(), self.below(PROMISES)
        made = (f"reset {core};source {value} {core} 0",
                f"pnew {promise} 1 0;pset {promise} 3;promise {value} {promise}",
                f"result {value} 1 2")[self.below(3)]
        preserve = f"preserve {value} {value};" * self.maybe(.4)
        return (f"{made};conf {value} {value} 0;{preserve}"
                f"await {value} {1 + 2 * self.below(2)} {(0, 1, 5, 6)[self.below(4)]} "
                f"{self.body()}")

    def reset_under(self):
        """A core that is reset while its conversion is queued."""
        core, value, promise = self.core(), self.value(), self.below(PROMISES)
        return (f"reset {core};async {core} 1;source {value} {core} 0;aspromise {value} "
                f"{promise};set {core} 3;reset {core};promise {value} {promise};ask {value};"
                "drain")

    # --------------------------------------------------------------------- surroundings

    def enter(self):
        return f"enter {(0, 1, 2, 3, 5, 6)[self.below(6)]}"

    def home(self):
        """Awaited on a scheduler, completed there or elsewhere."""
        value, core, promise = self.value(), self.core(), self.below(PROMISES)
        end = f"enter {(0, 3, 5, 6)[self.below(4)]}"
        flags = 1 + 2 * self.below(2)
        if self.maybe(.5):
            return (f"reset {core};reg {core} 0 {flags} {5 + self.below(2)} {self.body()};"
                    f"{end};set {core} 4")
        return (f"pnew {promise} 1 {self.maybe(.3)};promise {value} {promise};await {value} "
                f"{flags} {(0, 5, 6)[self.below(3)]} {self.body()};{end};pset {promise} 4")

    def drain(self):
        return "drain"
