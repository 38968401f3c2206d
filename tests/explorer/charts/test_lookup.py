import numpy as np

from explorer.charts.embeddings.lookup import one_hot_panel
from explorer.charts.embeddings.tables import table_panel
from explorer.charts.parts.rows import Rows
from explorer.panels import Frame

VALUES = np.arange(18, dtype=np.float32).reshape(2, 3, 3)
ROWS = Rows(["a", "b", "c"], row_ids=[4, 7, 9], chosen=1)


def test_the_one_hot_vector_picks_the_chosen_row_and_stands_left_of_the_table() -> None:
    figure = one_hot_panel(VALUES, ROWS, Frame("t", "T")).figure
    table, hot = figure.data
    assert hot.z == ([0], [1], [0])
    np.testing.assert_array_equal(np.array(hot.z).T @ VALUES[0], VALUES[0, [1]])
    assert hot.x[1] < -0.5 and figure.layout.xaxis.range[0] == hot.x[0]
    assert figure.layout.yaxis.ticktext == ("a 4", "<b>b 7</b>", "c 9")
    np.testing.assert_array_equal(table.z, VALUES[0])


def test_numbers_are_written_where_they_can_be_read() -> None:
    def template(rows: int, channels: int, span: int) -> str | None:
        values = np.zeros((1, rows, channels))
        panel = table_panel(values, Rows(["x"] * rows), Frame("t", "T", span, 560))
        return panel.figure.data[0].texttemplate

    assert template(27, 5, 4) == "%{z:.2f}"
    assert template(27, 64, 12) is None
    assert template(27, 9, 4) is None
    assert template(60, 5, 4) is None
