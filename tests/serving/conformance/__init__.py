"""A server that speaks TensorFlow Serving's protocols, for the tests alone.

It answers as the documentation and the protos say, so that client and
exported network can be tested where the stock server is not installed. It is
no product: no batching, no reloading, no security.
"""
