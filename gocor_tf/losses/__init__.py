"""Training losses.

`endpoint_error` has the errors of single flows and their reduction,
`multiscale_endpoint_error` the loss over all levels of a network, and
`matching_loss` the one on a global correspondence volume. For networks that
predict a distribution, `negative_log_likelihood` and
`multiscale_negative_log_likelihood` take the place of the first two.
`warp_consistency` has those of pairs without ground truth.
"""
