"""A line search for the strong Wolfe conditions (Nocedal and Wright, algorithms 3.5 and 3.6; Schmidt's minFunc)."""

import rushlight as torch


def cubic_minimum(x1, f1, g1, x2, f2, g2, bounds=None):
    """Where the cubic through two points with slopes g1, g2 is least, within `bounds` (the two points by default)."""
    low, high = bounds if bounds is not None else ((x1, x2) if x1 <= x2 else (x2, x1))
    d1 = g1 + g2 - 3 * (f1 - f2) / (x1 - x2)
    d2_square = d1**2 - g1 * g2
    if not d2_square >= 0:
        return (low + high) / 2.0
    d2 = d2_square**0.5
    if x1 <= x2:
        minimum = x2 - (x2 - x1) * ((g2 + d2 - d1) / (g2 - g1 + 2 * d2))
    else:
        minimum = x1 - (x1 - x2) * ((g1 + d2 - d1) / (g1 - g2 + 2 * d2))
    return min(max(minimum, low), high)


class _Point:
    """A place on the line: distance t, loss, gradient and slope there."""

    def __init__(self, t, loss, grad, slope):
        self.t = t
        self.loss = loss
        self.grad = grad
        self.slope = slope


def strong_wolfe(evaluate, t, direction, loss, grad, slope, max_rounds, c1=1e-4, c2=0.9, tolerance_change=1e-9):
    """A step length along `direction` with sufficient decrease (c1) and a flat enough slope (c2).

    `evaluate(t)` gives (loss, flat gradient) at distance t; it is called once, and then at most `max_rounds` times.
    Returns (loss, gradient, t, evaluations).
    """
    largest = float(direction.abs().max())

    def look(t):
        new_loss, new_grad = evaluate(t)
        new_grad = new_grad.clone(memory_format=torch.contiguous_format)
        return _Point(t, new_loss, new_grad, float(new_grad.dot(direction)))

    start = _Point(0, loss, grad.clone(memory_format=torch.contiguous_format), slope)

    def too_high(point):
        return point.loss > loss + c1 * point.t * slope

    def flat_enough(point):
        return abs(point.slope) <= -c2 * slope

    # Step outwards until a bracket holds an acceptable point.
    point = look(t)
    evaluations = 1
    previous = start
    rounds = 0
    bracket = None
    done = False
    while rounds < max_rounds:
        if too_high(point) or (rounds > 1 and point.loss >= previous.loss):
            bracket = [previous, point]
            break
        if flat_enough(point):
            bracket = [point]
            done = True
            break
        if point.slope >= 0:
            bracket = [previous, point]
            break
        bounds = (point.t + 0.01 * (point.t - previous.t), point.t * 10)
        t = cubic_minimum(
            previous.t, previous.loss, previous.slope, point.t, point.loss, point.slope, bounds=bounds
        )
        previous = point
        point = look(t)
        evaluations += 1
        rounds += 1
    if bracket is None:
        bracket = [start, point]

    # Narrow it, interpolating; `low` is the better end.
    low, high = (0, 1) if bracket[0].loss <= bracket[-1].loss else (1, 0)
    stuck = False
    while not done and rounds < max_rounds:
        first, second = bracket
        width = abs(second.t - first.t)
        if width * largest < tolerance_change:
            break
        t = cubic_minimum(first.t, first.loss, first.slope, second.t, second.loss, second.slope)
        left, right = min(first.t, second.t), max(first.t, second.t)
        # Two interpolations in a row next to an end do not narrow the bracket: step in by a tenth.
        margin = 0.1 * (right - left)
        if min(right - t, t - left) < margin:
            if stuck or t >= right or t <= left:
                t = right - margin if abs(t - right) < abs(t - left) else left + margin
                stuck = False
            else:
                stuck = True
        else:
            stuck = False

        point = look(t)
        evaluations += 1
        rounds += 1
        if too_high(point) or point.loss >= bracket[low].loss:
            bracket[high] = point
            low, high = (0, 1) if bracket[0].loss <= bracket[1].loss else (1, 0)
        else:
            if flat_enough(point):
                done = True
            elif point.slope * (bracket[high].t - bracket[low].t) >= 0:
                bracket[high] = bracket[low]
            bracket[low] = point

    best = bracket[low] if len(bracket) == 2 else bracket[0]
    return best.loss, best.grad, best.t, evaluations
