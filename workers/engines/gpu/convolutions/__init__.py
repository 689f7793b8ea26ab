"""One way to compute the convolutions of M models a file; all have the same two functions.

    forward(x, weight, bias, relu) -> y
    backward(x, weight, slope, data, bias) -> gradients of x (None unless `data`), of weight, and of bias (None unless
        `bias`)

x (M, B, H, W, I) images or maps, weight (M, O, I, 3, 3), bias (M, O) or None, y (M, B, P, Q, O): 3x3 windows with
stride 2 and a border of one zero, so P = ceil(H/2), Q = ceil(W/2). `slope` is the gradient of the loss by the sums,
before ReLU. x is the output of a ReLU where its gradient is asked for, and the gradient is that by the ReLU's input.
Maps may have any memory layout: each way returns them in the layout that is fastest for it. Weights may, too; the
engine stores them as (M, 3, 3, I, O), in which matrix products read them.
"""
