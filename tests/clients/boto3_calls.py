"""Makes the calls that come on standard input with boto3, one JSON object a line, and prints the outcome of each as a line.

{"operation": "describe_thing", "arguments": {...}} is answered by {"answer": ...} or {"refused": "CODE: MESSAGE"}; with
"page_size" the operation's paginator asks, and the answer is the list of its pages.
"""

import datetime
import json
import sys

import boto3
from botocore.exceptions import ClientError


def outcome(iot, asked):
    arguments = asked["arguments"]
    try:
        if "page_size" in asked:
            paginator = iot.get_paginator(asked["operation"])
            config = {"PageSize": asked["page_size"]}
            return {"answer": list(paginator.paginate(**arguments, PaginationConfig=config))}
        answer = getattr(iot, asked["operation"])(**arguments)
        del answer["ResponseMetadata"]
        return {"answer": answer}
    except ClientError as error:
        return {"refused": f"{error.response['Error']['Code']}: {error.response['Error']['Message']}"}


def plain(value):
    if isinstance(value, datetime.datetime):
        return value.isoformat()
    raise TypeError(f"{value!r} is no part of an answer")


def main():
    iot = boto3.client("iot")
    for line in sys.stdin:
        print(json.dumps(outcome(iot, json.loads(line)), default=plain), flush=True)


main()
