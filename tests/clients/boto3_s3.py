"""Buckets and objects with boto3 as programs use them; prints what it found as JSON."""

import io
import json
import urllib.request

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError

BUCKET = "files-of-the-works"
# The smallest part that S3 takes, and one byte more than two of them.
PART = 5 * 1024 * 1024
LARGE = bytes(range(256)) * (2 * PART // 256) + b"!"


def main():
    s3 = boto3.client("s3")
    print(json.dumps({
        "buckets": buckets(s3),
        "objects": objects(s3),
        "pages": pages(s3),
        "parts": parts(s3),
        "end": end(s3),
    }))


def refusal(call, **arguments):
    """What a call is refused with."""
    try:
        return call(**arguments)
    except ClientError as error:
        return [error.response["ResponseMetadata"]["HTTPStatusCode"], error.response["Error"]["Code"]]


def buckets(s3):
    s3.create_bucket(Bucket=BUCKET)
    return {
        "head": s3.head_bucket(Bucket=BUCKET)["ResponseMetadata"]["HTTPStatusCode"],
        "location": s3.get_bucket_location(Bucket=BUCKET)["LocationConstraint"],
        "listed": [one["Name"] for one in s3.list_buckets()["Buckets"]],
        "absent": refusal(s3.head_bucket, Bucket="absent-of-the-works"),
        "name": refusal(s3.create_bucket, Bucket="Capitals"),
    }


def objects(s3):
    key = "dir/a b+c.txt"
    s3.put_object(Bucket=BUCKET, Key=key, Body=b"hello world", ContentType="text/plain", Metadata={"line": "4"})
    head = s3.head_object(Bucket=BUCKET, Key=key)
    first = head["ETag"]
    got = {
        "type": head["ContentType"],
        "metadata": head["Metadata"],
        "length": head["ContentLength"],
        "part": s3.get_object(Bucket=BUCKET, Key=key, Range="bytes=6-")["Body"].read().decode(),
        "link": urllib.request.urlopen(
            s3.generate_presigned_url("get_object", Params={"Bucket": BUCKET, "Key": key})
        ).read().decode(),
        "unchanged": refusal(s3.get_object, Bucket=BUCKET, Key=key, IfNoneMatch=first),
    }
    s3.put_object(Bucket=BUCKET, Key=key, Body=b"changed")
    got["changed"] = s3.get_object(Bucket=BUCKET, Key=key)["Body"].read().decode()
    got["stale"] = refusal(s3.get_object, Bucket=BUCKET, Key=key, IfMatch=first)
    got["beyond"] = refusal(s3.get_object, Bucket=BUCKET, Key=key, Range="bytes=99-")
    got["full"] = refusal(s3.delete_bucket, Bucket=BUCKET)
    s3.delete_object(Bucket=BUCKET, Key=key)
    got["gone"] = refusal(s3.get_object, Bucket=BUCKET, Key=key)
    return got


def pages(s3):
    for number in range(5):
        s3.put_object(Bucket=BUCKET, Key=f"logs/{number}", Body=b"x")
    s3.put_object(Bucket=BUCKET, Key="other", Body=b"x")

    def sizes(operation, **arguments):
        found = s3.get_paginator(operation).paginate(Bucket=BUCKET, PaginationConfig={"PageSize": 2}, **arguments)
        return [[one["Key"] for one in page.get("Contents", [])] for page in found]

    grouped = s3.list_objects_v2(Bucket=BUCKET, Delimiter="/")
    return {
        "second": sizes("list_objects_v2", Prefix="logs/"),
        "first": sizes("list_objects", Prefix="logs/"),
        "grouped": [
            [one["Prefix"] for one in grouped["CommonPrefixes"]],
            [one["Key"] for one in grouped["Contents"]],
        ],
    }


def parts(s3):
    config = TransferConfig(multipart_threshold=PART, multipart_chunksize=PART)
    s3.upload_fileobj(io.BytesIO(LARGE), BUCKET, "large", Config=config)
    back = io.BytesIO()
    s3.download_fileobj(BUCKET, "large", back, Config=config)
    upload = s3.create_multipart_upload(Bucket=BUCKET, Key="left")["UploadId"]
    place = {"Bucket": BUCKET, "Key": "left", "UploadId": upload}
    s3.upload_part(PartNumber=1, Body=b"x", **place)
    found = {
        "same": back.getvalue() == LARGE,
        "etag": s3.head_object(Bucket=BUCKET, Key="large")["ETag"].strip('"').partition("-")[2],
        "parts": [one["Size"] for one in s3.list_parts(**place)["Parts"]],
        "uploads": [one["Key"] for one in s3.list_multipart_uploads(Bucket=BUCKET)["Uploads"]],
    }
    s3.abort_multipart_upload(**place)
    found["aborted"] = refusal(s3.list_parts, **place)
    return found


def end(s3):
    keys = [one["Key"] for one in s3.list_objects_v2(Bucket=BUCKET)["Contents"]]
    deleted = s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": key} for key in keys]})
    s3.delete_bucket(Bucket=BUCKET)
    return {
        "deleted": len(deleted["Deleted"]),
        "gone": refusal(s3.list_objects_v2, Bucket=BUCKET),
        "left": s3.list_buckets()["Buckets"],
    }


main()
