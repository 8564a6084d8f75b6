"""The draws that a recorded step can hold: how many words each reserves, and its values, by kind."""
from . import random_choice, random_inverse, random_normal, random_uniform
from .random_bits import store_as


def reserve(generator, kind, params, count, dtype):
    """A ticket for `count` elements of a kind of draw."""
    if kind == "normal":
        return random_normal.reserve_normal(generator, count, dtype, params[2] if len(params) > 2 else True)
    if kind == "log_normal":
        return generator.normal_ticket(count)
    if kind == "uniform":
        return generator.ticket(random_uniform.uniform_words(count, dtype))
    if kind == "bernoulli":
        return generator.ticket(random_uniform.bernoulli_words(count))
    if kind == "integers":
        return generator.ticket(random_uniform.integers_words(count, params[0], params[1], dtype))
    if kind == "any":
        return generator.ticket(random_uniform.any_value_words(count, dtype))
    if kind == "permutation":
        return generator.ticket(random_choice.permutation_words(count))
    return generator.ticket(random_inverse.inverse_words(count))


def values(kind, ticket, params, shape, dtype):
    """The draw's values in the memory form of dtype."""
    count = 1
    for n in shape:
        count *= n
    if kind == "normal":
        out = random_normal.normal(ticket, count, dtype, params[0], params[1])
    elif kind == "log_normal":
        out = random_inverse.log_normal(ticket, count, dtype, *params)
    elif kind == "uniform":
        out = random_uniform.uniform(ticket.take(), dtype, *params)
    elif kind == "bernoulli":
        drawn = random_uniform.bernoulli(ticket.take(), params[0])
        out = store_as(drawn.astype("float32"), dtype) if dtype.is_floating_point else drawn.astype(dtype.numpy)
    elif kind == "integers":
        out = random_uniform.integers(ticket.take(), params[0], params[1], dtype)
    elif kind == "any":
        out = random_uniform.any_value(ticket.take(), dtype)
    elif kind == "permutation":
        out = random_choice.permutation(ticket.take(), count).astype(dtype.numpy, copy=False)
    else:
        out = getattr(random_inverse, kind)(ticket.take(), dtype, *params)
    return out.reshape(shape)
