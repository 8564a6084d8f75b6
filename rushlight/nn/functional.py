"""The functions behind the layers. Names and signatures as in torch.nn.functional; they live in _functions/ and ops/."""
from ..ops.activations import (celu_, elu_, gelu, glu, hardshrink, hardtanh_, leaky_relu_, logsigmoid, prelu,  # noqa: F401
                               relu_, rrelu_, selu_, softplus, softshrink, threshold_)
from ..ops.convolution import conv1d, conv2d, conv3d                        # noqa: F401
from ..ops.embedding import one_hot                                         # noqa: F401
from ..ops.layer_normalization import group_norm, layer_norm, local_response_norm, rms_norm  # noqa: F401
from ..ops.normalization import batch_norm, instance_norm                   # noqa: F401
from ..ops.pooling import (avg_pool1d, avg_pool2d, avg_pool3d, max_pool1d, max_pool1d_with_indices, max_pool2d,  # noqa: F401
                           max_pool2d_with_indices, max_pool3d, max_pool3d_with_indices)
from ..ops.products import linear                                           # noqa: F401
from ._functions.activation import (celu, elu, gumbel_softmax, hardsigmoid, hardswish, hardtanh, leaky_relu,  # noqa: F401
                                    log_softmax, mish, relu, relu6, rrelu, selu, sigmoid, silu, softmax, softmin, softsign,
                                    tanh, tanhshrink, threshold)
from ._functions.dropout import alpha_dropout, dropout                      # noqa: F401
from ._functions.loss import cross_entropy, mse_loss, nll_loss              # noqa: F401
from ._functions.sparse import embedding                                    # noqa: F401
