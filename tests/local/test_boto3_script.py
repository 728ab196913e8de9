"""A script for AWS runs unchanged here, and learns something."""

from collections import Counter, defaultdict

from . import kmeans_with_boto3


def test_a_plain_boto3_script_trains_serves_predicts_and_cleans_up(sm, s3):
    labels, one, many = kmeans_with_boto3.main()
    assert one == many[:1]
    assert len(many) == len(labels) == 1797
    clusters = defaultdict(Counter)
    for label, row in zip(labels, many, strict=True):
        clusters[row["closest_cluster"]][label] += 1
    purity = sum(max(counts.values()) for counts in clusters.values()) / len(labels)
    assert purity > 0.6
    assert sm.list_endpoints(NameContains="kmeans-digits")["Endpoints"] == []
    assert not [bucket for bucket in s3.list_buckets()["Buckets"] if "kmeans-digits" in bucket["Name"]]
