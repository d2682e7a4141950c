"""Functions with boto3 as programs use them; prints what it found as JSON."""

import io
import json
import zipfile

import boto3
from botocore.exceptions import ClientError

TRUST = {
    "Version": "2012-10-17",
    "Statement": {
        "Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"},
        "Action": "sts:AssumeRole",
    },
}
MAY = {
    "Version": "2012-10-17",
    "Statement": {"Effect": "Allow", "Action": "iot:DescribeEndpoint", "Resource": "*"},
}

CALLS_BACK = """
import boto3
from botocore.exceptions import ClientError

def handler(event, context):
    iot = boto3.client("iot")
    print("called with", event)
    found = {"endpoint": iot.describe_endpoint(endpointType="iot:Data-ATS")["endpointAddress"],
             "event": event, "id": context.aws_request_id, "arn": context.invoked_function_arn}
    try:
        iot.list_things()
    except ClientError as error:
        found["refused"] = error.response["Error"]["Code"]
    return found
"""
ANSWERS = "def handler(event, context):\n    return 'changed'\n"
FAILS = "def handler(event, context):\n    raise ValueError('no')\n"


def package(source):
    """A zip file with a handler."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("app.py", source)
    return buffer.getvalue()


def main():
    iam, functions = boto3.client("iam"), boto3.client("lambda")
    role = iam.create_role(RoleName="worker", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    iam.put_role_policy(RoleName="worker", PolicyName="may", PolicyDocument=json.dumps(MAY))
    made = functions.create_function(
        FunctionName="f",
        Runtime="python3.11",
        Role=role,
        Handler="app.handler",
        Code={"ZipFile": package(CALLS_BACK)},
        Timeout=30,
        MemorySize=256,
    )
    functions.get_waiter("function_active_v2").wait(FunctionName="f")
    found = {"made": [made["ResponseMetadata"]["HTTPStatusCode"], made["State"]]}
    answer = functions.invoke(FunctionName=made["FunctionArn"], Payload=b'{"a": 1}', LogType="Tail")
    payload = json.load(answer["Payload"])
    found["called"] = [answer["StatusCode"], answer.get("FunctionError"), answer["ExecutedVersion"]]
    found["logged"] = bool(answer["LogResult"])
    found["payload"] = payload
    found["own_id"] = payload.pop("id") == answer["ResponseMetadata"]["RequestId"]
    for source in (ANSWERS, FAILS):
        functions.update_function_code(FunctionName="f", ZipFile=package(source))
        functions.get_waiter("function_updated_v2").wait(FunctionName="f")
        answer = functions.invoke(FunctionName="f")
        found.setdefault("changed", []).append([answer.get("FunctionError"), json.load(answer["Payload"])])
    found["changed"][1][1].pop("stackTrace")
    found["changed"][1][1].pop("requestId", None)
    found["later"] = functions.invoke(FunctionName="f", InvocationType="Event")["StatusCode"]
    found["dry"] = functions.invoke(FunctionName="f", InvocationType="DryRun")["StatusCode"]
    functions.add_permission(
        FunctionName="f",
        StatementId="iot",
        Action="lambda:InvokeFunction",
        Principal="iot.amazonaws.com",
    )
    policy = json.loads(functions.get_policy(FunctionName="f")["Policy"])
    found["policy"] = [statement["Sid"] for statement in policy["Statement"]]
    functions.remove_permission(FunctionName="f", StatementId="iot")
    pages = functions.get_paginator("list_functions").paginate()
    found["listed"] = [function["FunctionName"] for page in pages for function in page["Functions"]]
    functions.update_function_configuration(FunctionName="f", Description="d")
    found["description"] = functions.get_function_configuration(FunctionName="f")["Description"]
    functions.delete_function(FunctionName="f")
    try:
        functions.get_function(FunctionName="f")
    except functions.exceptions.ResourceNotFoundException as error:
        found["gone"] = error.response["Error"]["Message"]
    try:
        functions.invoke(FunctionName="f", Payload=b"{")
    except ClientError as error:
        found["absent"] = error.response["Error"]["Code"]
    print(json.dumps(found))


main()
