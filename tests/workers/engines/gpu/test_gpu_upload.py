"""What is uploaded to a device epoch by epoch; on a CPU without page-locked memory."""

import numpy as np
import torch

from workers.engines.gpu.upload import Uploaded

CPU = torch.device("cpu")


def test_a_matrix_keeps_its_address_while_it_is_wide_enough() -> None:
    matrix = Uploaded(2, 3, torch.int32, CPU)
    address = matrix.there.data_ptr()
    for values in (np.array([[3, 1, 2], [5, 4, 6]]), np.array([[9, 8], [7, 6]])):
        assert not matrix.too_narrow(values)
        matrix.fill(values)
        assert matrix.there.data_ptr() == address
        np.testing.assert_array_equal(matrix.there[:, : values.shape[1]].numpy(), values)
    wide = np.arange(8).reshape(2, 4)
    assert matrix.too_narrow(wide)
    matrix.fill(wide)
    np.testing.assert_array_equal(matrix.there.numpy(), wide)
    assert matrix.there.dtype == torch.int32


def test_it_knows_what_it_was_last_filled_with() -> None:
    matrix, order = Uploaded(2, 3, torch.int32, CPU), np.array([[0, 1, 2], [2, 1, 0]])
    assert not matrix.holds(order)
    matrix.fill(order)
    assert matrix.holds(order.copy())
    assert not matrix.holds(order[:, :2]) and not matrix.holds(order[::-1])
