"""Evaluation sets with ground truth, all yielding the same dict.

An evaluation set is made from the folder of a download, checks that the
download is complete, and is then a sequence: `len(pairs)`, `pairs.names`,
`pairs[index]`. What a sample holds: `gocor_tf.data.evaluation_sets.samples`.
"""
