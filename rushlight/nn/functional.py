"""The functions behind the layers. Names and signatures as in torch.nn.functional; they live in _functions/ and ops/."""
from ..ops.activations import (hardshrink, hardtanh_, leaky_relu_, prelu, relu_, rrelu_, softshrink,  # noqa: F401
                               threshold_)
from ..ops.curved_activations import celu_, elu_, gelu, glu, logsigmoid, selu_, softplus  # noqa: F401
from ..ops.adaptive_pooling import (adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d,  # noqa: F401
                                    adaptive_max_pool1d, adaptive_max_pool1d_with_indices, adaptive_max_pool2d,
                                    adaptive_max_pool2d_with_indices, adaptive_max_pool3d, adaptive_max_pool3d_with_indices)
from ..ops.attention import scaled_dot_product_attention                    # noqa: F401
from ..ops.convolution import (conv1d, conv2d, conv3d, conv_tbc, conv_transpose1d, conv_transpose2d,  # noqa: F401
                               conv_transpose3d)
from ..ops.folding import channel_shuffle, fold, pixel_shuffle, pixel_unshuffle, unfold  # noqa: F401
from ..ops.distance import bilinear, cosine_similarity, normalize, pairwise_distance, pdist  # noqa: F401
from ..ops.embedding import one_hot                                         # noqa: F401
from ..ops.layer_normalization import group_norm, layer_norm, local_response_norm, rms_norm  # noqa: F401
from ..ops.normalization import batch_norm, instance_norm                   # noqa: F401
from ..ops.padding import pad                                               # noqa: F401
from ..ops.pooling import (avg_pool1d, avg_pool2d, avg_pool3d, max_pool1d, max_pool1d_with_indices, max_pool2d,  # noqa: F401
                           max_pool2d_with_indices, max_pool3d, max_pool3d_with_indices)
from ..ops.resampling import interpolate, upsample, upsample_bilinear, upsample_nearest  # noqa: F401
from ..ops.sampling import affine_grid, grid_sample                         # noqa: F401
from ..ops.unpooling import (fractional_max_pool2d, fractional_max_pool2d_with_indices,  # noqa: F401
                             fractional_max_pool3d, fractional_max_pool3d_with_indices, lp_pool1d, lp_pool2d, lp_pool3d,
                             max_unpool1d, max_unpool2d, max_unpool3d)
from ..ops.products import linear                                           # noqa: F401
from ._functions.activation import (celu, elu, gumbel_softmax, hardsigmoid, hardswish, hardtanh, leaky_relu,  # noqa: F401
                                    log_softmax, mish, relu, relu6, rrelu, selu, sigmoid, silu, softmax, softmin, softsign,
                                    tanh, tanhshrink, threshold)
from ._functions.attention import multi_head_attention_forward              # noqa: F401
from ._functions.dropout import (alpha_dropout, dropout, dropout1d, dropout2d, dropout3d,  # noqa: F401
                                 feature_alpha_dropout)
from ._functions.loss import (binary_cross_entropy, binary_cross_entropy_with_logits, cosine_embedding_loss,  # noqa: F401
                              cross_entropy, ctc_loss, gaussian_nll_loss, hinge_embedding_loss, huber_loss, kl_div, l1_loss,
                              linear_cross_entropy, margin_ranking_loss, mse_loss, multi_margin_loss, multilabel_margin_loss,
                              multilabel_soft_margin_loss, nll_loss, poisson_nll_loss, smooth_l1_loss, soft_margin_loss,
                              triplet_margin_loss, triplet_margin_with_distance_loss)
from ._functions.sparse import embedding, embedding_bag                     # noqa: F401
