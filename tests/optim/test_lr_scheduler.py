"""Schedules against PyTorch over 30 epochs, resumed, chained, and in their errors and warnings."""

import copy
import pickle
import warnings

import pytest
import rushlight as torch


class Decay:
    """A callable with a state of its own."""

    def __init__(self, rate=0.9):
        self.rate = rate

    def __call__(self, epoch):
        return self.rate**epoch

    def __repr__(self):
        return f"Decay({self.rate})"


def of(name, *args, **kwargs):
    """A recipe of a schedule: a function of (library, optimizer)."""

    def make(library, optimizer, **more):
        return getattr(library.optim.lr_scheduler, name)(optimizer, *args, **kwargs, **more)

    make.text = f"{name}{args}{kwargs}"
    return make


def swalr(**kwargs):
    def make(library, optimizer, **more):
        return library.optim.swa_utils.SWALR(optimizer, **kwargs, **more)

    make.text = f"SWALR{kwargs}"
    return make


SIMPLE = [
    of("LambdaLR", Decay()),
    of("LambdaLR", [Decay(), Decay(0.5)]),
    of("MultiplicativeLR", Decay(0.99)),
    of("StepLR", 4),
    of("StepLR", 3, gamma=0.7),
    of("MultiStepLR", [2, 5, 5, 11], gamma=0.5),
    of("ConstantLR"),
    of("ConstantLR", factor=0.5, total_iters=9),
    of("LinearLR"),
    of("LinearLR", 0.1, 0.7, 12),
    of("ExponentialLR", 0.9),
    of("PolynomialLR"),
    of("PolynomialLR", 12, 2.5),
    of("CosineAnnealingLR", 10),
    of("CosineAnnealingLR", 7, eta_min=0.01),
]
CYCLIC = [
    of("CosineAnnealingWarmRestarts", 5),
    of("CosineAnnealingWarmRestarts", 3, T_mult=2, eta_min=0.01),
    of("CyclicLR", 0.01, 0.1, step_size_up=4),
    of("CyclicLR", 0.01, [0.1, 0.2], step_size_up=3, step_size_down=5, mode="triangular2"),
    of("CyclicLR", 0.01, 0.1, step_size_up=4, mode="exp_range", gamma=0.95),
    of("CyclicLR", 0.01, 0.1, 4, scale_fn=Decay(), scale_mode="iterations", cycle_momentum=False),
    of("OneCycleLR", 0.1, total_steps=31),
    of("OneCycleLR", [0.1, 0.3], epochs=4, steps_per_epoch=8, anneal_strategy="linear"),
    of("OneCycleLR", 0.1, total_steps=31, three_phase=True, pct_start=0.4, div_factor=10, final_div_factor=100),
    of("OneCycleLR", 0.1, total_steps=31, cycle_momentum=False),
    swalr(swa_lr=0.02),
    swalr(swa_lr=[0.02, 0.5], anneal_epochs=6, anneal_strategy="linear"),
    swalr(swa_lr=0.02, anneal_epochs=0),
]


def make_optimizer(library, kind="SGD", **options):
    options = {"SGD": dict(lr=0.1, momentum=0.9), "Adam": dict(lr=0.1)}[kind] | options
    params = [library.zeros(2).requires_grad_() for _ in range(2)]
    groups = [{"params": params[:1]}, {"params": params[1:], "lr": 0.4}]
    return getattr(library.optim, kind)(groups, **options)


def observe(optimizer, schedule):
    """What a program can see of the rates and momenta."""
    seen = []
    for group in optimizer.param_groups:
        seen.append(float(group["lr"]))
        seen.append(group["momentum"] if "momentum" in group else group["betas"][0])
    return seen + [float(rate) for rate in schedule.get_last_lr()] + [schedule.last_epoch]


def course(library, make, epochs=30, kind="SGD", **options):
    optimizer = make_optimizer(library, kind, **options)
    schedule = make(library, optimizer)
    rows = [observe(optimizer, schedule)]
    for _ in range(epochs):
        optimizer.step()
        schedule.step()
        rows.append(observe(optimizer, schedule))
    return rows, optimizer, schedule


def flat(rows):
    return [number for row in rows for number in row]


@pytest.mark.parametrize("make", SIMPLE + CYCLIC, ids=lambda make: make.text)
@pytest.mark.parametrize("kind", ["SGD", "Adam"])
def test_thirty_epochs_are_pytorchs(make, kind, oracle):
    ours, _, schedule = course(torch, make, kind=kind)
    theirs, _, reference = course(oracle, make, kind=kind)
    assert flat(ours) == pytest.approx(flat(theirs), rel=1e-13, abs=1e-15)
    state, expected = schedule.state_dict(), reference.state_dict()
    assert list(state) == list(expected)
    for name, value in expected.items():
        if isinstance(value, float) or (isinstance(value, list) and isinstance(value[0], float)):
            assert state[name] == pytest.approx(value, rel=1e-13, abs=1e-15)
        else:
            assert state[name] == value


def test_rates_known_by_hand():
    def rates(make, epochs):
        return [row[0] for row in course(torch, make, epochs)[0]]

    assert rates(of("StepLR", 2), 5) == pytest.approx([0.1, 0.1, 0.01, 0.01, 0.001, 0.001])
    assert rates(of("MultiStepLR", [1, 3]), 3) == pytest.approx([0.1, 0.01, 0.01, 0.001])
    assert rates(of("ExponentialLR", 0.5), 3) == pytest.approx([0.1, 0.05, 0.025, 0.0125])
    assert rates(of("CosineAnnealingLR", 4), 4) == pytest.approx([0.1, 0.0853553, 0.05, 0.0146447, 0.0], abs=1e-7)
    assert rates(of("LambdaLR", lambda epoch: 1 / (1 + epoch)), 3) == pytest.approx([0.1, 0.05, 0.1 / 3, 0.025])
    assert rates(of("LinearLR", 0.5, 1.0, 4), 5) == pytest.approx([0.05, 0.0625, 0.075, 0.0875, 0.1, 0.1])
    assert rates(of("PolynomialLR", 4), 5) == pytest.approx([0.1, 0.075, 0.05, 0.025, 0.0, 0.0])
    assert rates(of("OneCycleLR", 1.0, total_steps=11, anneal_strategy="linear"), 1)[0] == pytest.approx(0.04)
    assert rates(of("CyclicLR", 0.1, 0.5, step_size_up=2), 4) == pytest.approx([0.1, 0.3, 0.5, 0.3, 0.1])
    assert rates(of("CosineAnnealingWarmRestarts", 2), 4) == pytest.approx([0.1, 0.05, 0.1, 0.05, 0.1])


@pytest.mark.parametrize("make", SIMPLE + CYCLIC, ids=lambda make: make.text)
def test_a_state_dict_resumes_the_course(make):
    whole, _, _ = course(torch, make, 12)
    _, optimizer, schedule = course(torch, make, 7)
    saved = pickle.loads(pickle.dumps((optimizer.state_dict(), schedule.state_dict())))
    again = make_optimizer(torch)
    resumed = make(torch, again)
    again.load_state_dict(saved[0])
    resumed.load_state_dict(saved[1])
    rows = [observe(again, resumed)]
    for _ in range(5):
        again.step()
        resumed.step()
        rows.append(observe(again, resumed))
    assert rows == whole[7:]


@pytest.mark.parametrize("make", SIMPLE + CYCLIC, ids=lambda make: make.text)
def test_last_epoch_resumes_as_pytorch_does(make, oracle):
    def resumed(library):
        _, optimizer, _ = course(library, make, 6)
        schedule = make(library, optimizer, last_epoch=5)
        rows = [observe(optimizer, schedule)]
        for _ in range(6):
            optimizer.step()
            schedule.step()
            rows.append(observe(optimizer, schedule))
        return flat(rows)

    assert resumed(torch) == pytest.approx(resumed(oracle), rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("make", SIMPLE + CYCLIC, ids=lambda make: make.text)
def test_jumping_to_an_epoch(make, oracle):
    def jumps(library):
        optimizer = make_optimizer(library)
        schedule = make(library, optimizer)
        optimizer.step()
        rows = []
        for epoch in (4, 1, None, 0, 9, None, 1.5):
            schedule.step(epoch)
            rows.append(observe(optimizer, schedule))
        schedule.last_epoch = -1
        schedule.step()
        return flat([*rows, observe(optimizer, schedule)])

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert jumps(torch) == pytest.approx(jumps(oracle), rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("make", SIMPLE + CYCLIC, ids=lambda make: make.text)
def test_rates_that_are_tensors(make, oracle):
    def rates(library):
        optimizer = library.optim.SGD([library.zeros(2).requires_grad_()], lr=library.tensor(0.1), momentum=0.9)
        try:
            schedule = make(library, optimizer)
        except ValueError:
            return [0.0]
        held = optimizer.param_groups[0]["lr"]
        rows = []
        for _ in range(8):
            optimizer.step()
            schedule.step()
            rows.append(float(held))
            assert isinstance(schedule.get_last_lr()[0], library.Tensor)
        return rows

    assert rates(torch) == pytest.approx(rates(oracle), rel=1e-5, abs=1e-7)


# -- plateaus ----------------------------------------------------------------------------------------------------

LOSSES = [1.0, 0.9, 0.9, 0.95, 0.89999, 0.8, 0.81, 0.82, 0.83, 0.5, 0.6, 0.6, 0.6, 0.6, 0.6, 0.4, 0.4, 0.4, 0.4, 0.4]
PLATEAUS = [
    dict(),
    dict(patience=1),
    dict(patience=0, factor=0.5, cooldown=2),
    dict(patience=1, mode="max"),
    dict(patience=1, threshold=0.1, threshold_mode="abs"),
    dict(patience=1, mode="max", threshold=0.1, threshold_mode="abs"),
    dict(patience=0, min_lr=[0.01, 0.2]),
    dict(patience=0, eps=0.05),
]


@pytest.mark.parametrize("options", PLATEAUS, ids=str)
def test_plateaus_are_pytorchs(options, oracle):
    def rows(library):
        optimizer = make_optimizer(library)
        schedule = library.optim.lr_scheduler.ReduceLROnPlateau(optimizer, **options)
        seen = []
        for loss in LOSSES:
            schedule.step(library.tensor(loss) if loss > 0.8 else loss)
            seen.append((observe(optimizer, schedule), schedule.num_bad_epochs, schedule.in_cooldown))
        return seen, schedule.state_dict()

    assert rows(torch) == rows(oracle)


def test_a_plateau_by_hand():
    optimizer = torch.optim.SGD([torch.zeros(1).requires_grad_()], lr=1.0)
    schedule = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=1)
    rates = []
    for loss in [3, 2, 2, 2, 2, 2, 1]:
        schedule.step(loss)
        rates.append(optimizer.param_groups[0]["lr"])
    assert rates == [1.0, 1.0, 1.0, 0.5, 0.5, 0.25, 0.25]
    assert schedule.best == 1 and schedule.last_epoch == 7
    again = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer)
    again.load_state_dict(schedule.state_dict())
    assert again.best == 1 and again.patience == 1


# -- schedules of schedules --------------------------------------------------------------------------------------


def sequential(library, optimizer):
    schedules = library.optim.lr_scheduler
    return schedules.SequentialLR(
        optimizer,
        [
            schedules.LinearLR(optimizer, 0.1, total_iters=4),
            schedules.ExponentialLR(optimizer, 0.9),
            schedules.CosineAnnealingLR(optimizer, 6),
        ],
        milestones=[4, 12],
    )


def chained(library, optimizer):
    schedules = library.optim.lr_scheduler
    return schedules.ChainedScheduler(
        [
            schedules.ConstantLR(optimizer, 0.1, total_iters=4),
            schedules.ExponentialLR(optimizer, 0.9),
            schedules.MultiStepLR(optimizer, [8, 16]),
        ]
    )


@pytest.mark.parametrize("make", [sequential, chained])
def test_compositions_are_pytorchs(make, oracle):
    def rows(library):
        optimizer = make_optimizer(library)
        schedule = make(library, optimizer)
        seen = [[group["lr"] for group in optimizer.param_groups] + schedule.get_last_lr()]
        for _ in range(30):
            optimizer.step()
            schedule.step()
            seen.append([group["lr"] for group in optimizer.param_groups] + schedule.get_last_lr())
        return flat(seen), schedule.state_dict()

    ours, state = rows(torch)
    theirs, expected = rows(oracle)
    assert ours == pytest.approx(theirs, rel=1e-13)
    assert [list(inner) for inner in state["_schedulers"]] == [list(inner) for inner in expected["_schedulers"]]
    assert list(state) == list(expected)


@pytest.mark.parametrize("make", [sequential, chained])
def test_compositions_resume(make):
    optimizer = make_optimizer(torch)
    schedule = make(torch, optimizer)
    for _ in range(6):
        optimizer.step()
        schedule.step()
    again = make_optimizer(torch)
    resumed = make(torch, again)
    again.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    resumed.load_state_dict(copy.deepcopy(schedule.state_dict()))
    for _ in range(8):
        for one, two in ((optimizer, schedule), (again, resumed)):
            one.step()
            two.step()
        assert schedule.get_last_lr() == resumed.get_last_lr()


def test_warmup_then_decay_by_hand():
    optimizer = torch.optim.SGD([torch.zeros(1).requires_grad_()], lr=1.0)
    schedules = torch.optim.lr_scheduler
    schedule = schedules.SequentialLR(
        optimizer, [schedules.ConstantLR(optimizer, 0.1, 2), schedules.ExponentialLR(optimizer, 0.5)], [2]
    )
    rates = [optimizer.param_groups[0]["lr"]]
    for _ in range(4):
        optimizer.step()
        schedule.step()
        rates.append(optimizer.param_groups[0]["lr"])
    assert rates == pytest.approx([0.1, 0.1, 1.0, 0.5, 0.25])


# -- errors and warnings -----------------------------------------------------------------------------------------


def outcome(function):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            function()
            error = None
        except Exception as problem:
            error = (type(problem).__name__, str(problem))
    return error, [(warning.category.__name__, str(warning.message)) for warning in caught]


def sgd(library):
    return library.optim.SGD([library.zeros(2).requires_grad_()], lr=0.1)


WRONG = {
    "StepLR of a number": lambda t, s: s.StepLR(3, 1),
    "ReduceLROnPlateau of a number": lambda t, s: s.ReduceLROnPlateau(3),
    "CyclicLR of a number": lambda t, s: s.CyclicLR(3, 1, 1),
    "verbose": lambda t, s: s.StepLR(sgd(t), 3, verbose=True),
    "the base class": lambda t, s: s.LRScheduler(sgd(t)),
    "resuming nothing": lambda t, s: s.StepLR(sgd(t), 3, last_epoch=2),
    "constant factor": lambda t, s: s.ConstantLR(sgd(t), 2),
    "start factor": lambda t, s: s.LinearLR(sgd(t), 0),
    "end factor": lambda t, s: s.LinearLR(sgd(t), end_factor=-1),
    "T_0": lambda t, s: s.CosineAnnealingWarmRestarts(sgd(t), 0),
    "T_0 fraction": lambda t, s: s.CosineAnnealingWarmRestarts(sgd(t), 1.5),
    "T_mult": lambda t, s: s.CosineAnnealingWarmRestarts(sgd(t), 3, 0),
    "eta_min": lambda t, s: s.CosineAnnealingWarmRestarts(sgd(t), 3, eta_min="a"),
    "negative epoch": lambda t, s: s.CosineAnnealingWarmRestarts(sgd(t), 3).step(-1),
    "cyclic mode": lambda t, s: s.CyclicLR(sgd(t), 0.1, 0.2, mode="x"),
    "cyclic lengths": lambda t, s: s.CyclicLR(sgd(t), [0.1, 0.2], 0.2),
    "no momentum": lambda t, s: s.CyclicLR(t.optim.Adagrad([t.zeros(1)]), 0.1, 0.2),
    "no momentum for one cycle": lambda t, s: s.OneCycleLR(t.optim.Adagrad([t.zeros(1)]), 0.1, 2),
    "no steps": lambda t, s: s.OneCycleLR(sgd(t), 0.1),
    "zero steps": lambda t, s: s.OneCycleLR(sgd(t), 0.1, total_steps=0),
    "fraction of steps": lambda t, s: s.OneCycleLR(sgd(t), 0.1, total_steps=1.5),
    "epochs alone": lambda t, s: s.OneCycleLR(sgd(t), 0.1, epochs=3),
    "zero epochs": lambda t, s: s.OneCycleLR(sgd(t), 0.1, epochs=0, steps_per_epoch=1),
    "zero steps an epoch": lambda t, s: s.OneCycleLR(sgd(t), 0.1, epochs=1, steps_per_epoch=0),
    "pct_start": lambda t, s: s.OneCycleLR(sgd(t), 0.1, total_steps=10, pct_start=2),
    "anneal": lambda t, s: s.OneCycleLR(sgd(t), 0.1, total_steps=10, anneal_strategy="x"),
    "max_lr lengths": lambda t, s: s.OneCycleLR(sgd(t), [0.1, 0.2], total_steps=10),
    "two lambdas": lambda t, s: s.LambdaLR(sgd(t), [abs, abs]),
    "two factors": lambda t, s: s.MultiplicativeLR(sgd(t), [abs, abs]),
    "plateau factor": lambda t, s: s.ReduceLROnPlateau(sgd(t), factor=1.0),
    "plateau mode": lambda t, s: s.ReduceLROnPlateau(sgd(t), mode="x"),
    "plateau threshold": lambda t, s: s.ReduceLROnPlateau(sgd(t), threshold_mode="x"),
    "plateau min_lr": lambda t, s: s.ReduceLROnPlateau(sgd(t), min_lr=[1, 2]),
    "plateau metric": lambda t, s: s.ReduceLROnPlateau(sgd(t)).step(),
    "plateau epoch": lambda t, s: s.ReduceLROnPlateau(sgd(t)).step(1.0, epoch=3),
    "plateau get_lr": lambda t, s: s.ReduceLROnPlateau(sgd(t)).get_lr(),
    "no chain": lambda t, s: s.ChainedScheduler([]),
    "chain of others": lambda t, s: s.ChainedScheduler([s.StepLR(sgd(t), 1), s.StepLR(sgd(t), 1)]),
    "no sequence": lambda t, s: s.SequentialLR(sgd(t), [], []),
    "milestones": lambda t, s: (lambda o: s.SequentialLR(o, [s.StepLR(o, 1)], [1]))(sgd(t)),
    "sequence of others": lambda t, s: (
        lambda o: s.SequentialLR(o, [s.StepLR(o, 1), s.StepLR(sgd(t), 1)], [1])
    )(sgd(t)),
    "sequence with plateau": lambda t, s: (
        lambda o: s.SequentialLR(o, [s.StepLR(o, 1), s.ReduceLROnPlateau(o)], [1])
    )(sgd(t)),
    "sequence with a number": lambda t, s: (lambda o: s.SequentialLR(o, [s.StepLR(o, 1), 3], [1]))(sgd(t)),
    "swa lengths": lambda t, s: t.optim.swa_utils.SWALR(sgd(t), [0.1, 0.2]),
    "swa anneal": lambda t, s: t.optim.swa_utils.SWALR(sgd(t), 0.1, anneal_strategy="x"),
    "swa epochs": lambda t, s: t.optim.swa_utils.SWALR(sgd(t), 0.1, anneal_epochs=1.5),
    "schedule before optimizer": lambda t, s: s.StepLR(sgd(t), 1).step(),
    "epoch argument": lambda t, s: (lambda o: (x := s.StepLR(o, 1), o.step(), x.step(3)))(sgd(t)),
    "asking get_lr": lambda t, s: s.StepLR(sgd(t), 1).get_lr(),
    "one step too many": lambda t, s: (
        lambda o: (x := s.OneCycleLR(o, 0.1, 2), o.step(), x.step(), x.step(), x.step())
    )(sgd(t)),
    "a step overridden": lambda t, s: (
        lambda o: (x := s.StepLR(o, 1), setattr(o, "step", lambda: None), x.step())
    )(sgd(t)),
    "a group added": lambda t, s: (
        lambda o: (x := s.LambdaLR(o, abs), o.add_param_group({"params": t.zeros(1)}), o.step(), x.step())
    )(sgd(t)),
}


@pytest.mark.parametrize("case", WRONG)
def test_errors_and_warnings_are_pytorchs(case, oracle):
    run = WRONG[case]
    ours = outcome(lambda: run(torch, torch.optim.lr_scheduler))
    theirs = outcome(lambda: run(oracle, oracle.optim.lr_scheduler))
    assert theirs != (None, [])
    assert ours == theirs


def test_order_of_steps_is_warned_about():
    optimizer = sgd(torch)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, 1)
    with pytest.warns(UserWarning, match=r"Detected call of `lr_scheduler.step\(\)` before `optimizer.step\(\)`"):
        schedule.step()
    optimizer = sgd(torch)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, 1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        optimizer.step()
        schedule.step()
        schedule.step()


# -- the rest ----------------------------------------------------------------------------------------------------


def test_state_dicts_leave_functions_out():
    optimizer = sgd(torch)
    plain = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda epoch: 1.0)
    assert plain.state_dict()["lr_lambdas"] == [None]
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, Decay(0.9))
    saved = schedule.state_dict()
    assert saved["lr_lambdas"] == [{"rate": 0.9}]
    assert "optimizer" not in saved
    saved["lr_lambdas"][0]["rate"] = 0.25
    schedule.load_state_dict(saved)
    assert schedule.lr_lambdas[0].rate == 0.25
    cyclic = torch.optim.lr_scheduler.CyclicLR(optimizer, 0.1, 0.2, scale_fn=Decay(), cycle_momentum=False)
    saved = cyclic.state_dict()
    assert saved["_scale_fn_custom"] == {"rate": 0.9}
    pickle.dumps(saved)
    cyclic.load_state_dict(saved)


def test_a_programs_own_schedule():
    class Halves(torch.optim.lr_scheduler._LRScheduler):
        def __init__(self, optimizer, every, last_epoch=-1):
            self.every = every
            super().__init__(optimizer, last_epoch)

        def get_lr(self):
            return [base * 0.5 ** (self.last_epoch // self.every) for base in self.base_lrs]

    optimizer = sgd(torch)
    schedule = Halves(optimizer, 2)
    assert isinstance(schedule, torch.optim.lr_scheduler.LRScheduler)
    rates = []
    for _ in range(4):
        rates.append(schedule.get_last_lr()[0])
        optimizer.step()
        schedule.step()
    assert rates == [0.1, 0.1, 0.05, 0.05]


def test_a_second_schedule_keeps_the_initial_rate():
    optimizer = sgd(torch)
    torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.5)
    optimizer.param_groups[0]["lr"] = 0.7
    schedule = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.5)
    assert schedule.base_lrs == [0.1]


def test_the_wrapped_step_still_steps_and_pickles():
    param = torch.ones(1).requires_grad_()
    optimizer = torch.optim.SGD([param], lr=0.5)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, 1)
    param.grad = torch.ones(1)
    assert optimizer.step(lambda: 3) == 3
    assert param.item() == 0.5
    again = pickle.loads(pickle.dumps(schedule))
    assert again.optimizer.param_groups[0]["lr"] == 0.5
    assert copy.deepcopy(schedule).optimizer is not optimizer


def test_names(oracle):
    assert set(torch.optim.lr_scheduler.__all__) == set(oracle.optim.lr_scheduler.__all__)
    from rushlight.optim.lr_scheduler import StepLR

    assert StepLR.__module__ == "rushlight.optim.lr_scheduler"
    assert torch.optim.lr_scheduler.EPOCH_DEPRECATION_WARNING == oracle.optim.lr_scheduler.EPOCH_DEPRECATION_WARNING


@pytest.mark.parametrize("make", SIMPLE + CYCLIC, ids=lambda make: make.text)
def test_signatures(make, oracle):
    from inspect import signature

    name = make.text.partition("(")[0].partition("{")[0]
    where = "swa_utils" if name == "SWALR" else "lr_scheduler"

    def shape(library):
        return [
            (p.name, p.default, p.kind)
            for p in signature(getattr(getattr(library.optim, where), name).__init__).parameters.values()
        ]

    assert shape(torch) == shape(oracle)
