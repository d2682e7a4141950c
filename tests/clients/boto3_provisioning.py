"""What devices and fleets come in by, with boto3 as programs do it; prints what it found as JSON.

    boto3_provisioning.py CSR-FILE
"""

import json
import sys
import time
import urllib.request

import boto3
from botocore.exceptions import ClientError

TEMPLATE = {
    "Parameters": {"ThingName": {"Type": "String"}, "CSR": {"Type": "String"}},
    "Resources": {
        "thing": {"Type": "AWS::IoT::Thing", "Properties": {"ThingName": {"Ref": "ThingName"}}},
        "certificate": {
            "Type": "AWS::IoT::Certificate",
            "Properties": {"CertificateSigningRequest": {"Ref": "CSR"}, "Status": "ACTIVE"},
        },
    },
}
CLAIMED = {
    "Parameters": {"AWS::IoT::Certificate::Id": {"Type": "String"}},
    "Resources": {
        "certificate": {
            "Type": "AWS::IoT::Certificate",
            "Properties": {"CertificateId": {"Ref": "AWS::IoT::Certificate::Id"}, "Status": "ACTIVE"},
        },
    },
}


def main():
    request = open(sys.argv[1]).read()
    iot, iam, s3 = boto3.client("iot"), boto3.client("iam"), boto3.client("s3")
    role = make_role(iam)
    found = {
        "provider": certificate_provider(iot),
        "claim": provisioning_claim(iot, role),
        "bulk": bulk(iot, s3, role, request),
    }
    print(json.dumps(found))


def refusal(call, **arguments):
    """What a call is refused with."""
    try:
        return call(**arguments)
    except ClientError as error:
        return [error.response["ResponseMetadata"]["HTTPStatusCode"], error.response["Error"]["Code"]]


def make_role(iam):
    def document(**statement):
        return json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", **statement}})

    trust = document(Principal={"Service": "iot.amazonaws.com"}, Action="sts:AssumeRole")
    made = iam.create_role(RoleName="provisioning", AssumeRolePolicyDocument=trust)
    iam.put_role_policy(
        RoleName="provisioning", PolicyName="may", PolicyDocument=document(Action=["iot:*", "s3:GetObject"], Resource="*")
    )
    return made["Role"]["Arn"]


def certificate_provider(iot):
    account = boto3.client("sts").get_caller_identity()["Account"]
    function = f"arn:aws:lambda:{iot.meta.region_name}:{account}:function:sign"
    new = {"lambdaFunctionArn": function, "accountDefaultForOperations": ["CreateCertificateFromCsr"]}
    made = iot.create_certificate_provider(
        certificateProviderName="ours", tags=[{"Key": "line", "Value": "4"}], **new
    )
    iot.update_certificate_provider(certificateProviderName="ours", lambdaFunctionArn=function + ":$LATEST")
    read = iot.describe_certificate_provider(certificateProviderName="ours")
    listed = iot.list_certificate_providers()["certificateProviders"]
    tags = iot.list_tags_for_resource(resourceArn=made["certificateProviderArn"])["tags"]
    taken = refusal(iot.create_certificate_provider, certificateProviderName="ours", **new)
    second = refusal(iot.create_certificate_provider, certificateProviderName="another", **new)
    iot.delete_certificate_provider(certificateProviderName="ours")
    return {
        "function": read["lambdaFunctionArn"].rpartition(":function:")[2],
        "operations": read["accountDefaultForOperations"],
        "changed": read["lastModifiedDate"] >= read["creationDate"],
        "listed": [one["certificateProviderName"] for one in listed],
        "tags": tags,
        "taken": taken,
        "second": second,
        "gone": refusal(iot.describe_certificate_provider, certificateProviderName="ours"),
        "gone_twice": refusal(iot.delete_certificate_provider, certificateProviderName="ours"),
        "left": iot.list_certificate_providers()["certificateProviders"],
    }


def provisioning_claim(iot, role):
    for name, kind in (("fleet", "FLEET_PROVISIONING"), ("just-in-time", "JITP")):
        iot.create_provisioning_template(
            templateName=name, templateBody=json.dumps(CLAIMED), enabled=True, provisioningRoleArn=role, type=kind
        )
    claims = [iot.create_provisioning_claim(templateName="fleet") for _ in range(2)]
    ids = [claim["certificateId"] for claim in claims]
    seconds = claims[0]["expiration"].timestamp() - time.time()
    # A claim is no certificate of the registry.
    listed = [one["certificateId"] for one in iot.list_certificates()["certificates"]]
    found = {
        "different": ids[0] != ids[1],
        "key": claims[0]["keyPair"]["PrivateKey"].partition("\n")[0],
        "five_minutes": 0 < seconds <= 300,
        "listed": [one for one in listed if one in ids],
        "described": refusal(iot.describe_certificate, certificateId=ids[0]),
        "absent": refusal(iot.create_provisioning_claim, templateName="absent"),
        "other_type": refusal(iot.create_provisioning_claim, templateName="just-in-time"),
    }
    pages = iot.get_paginator("list_provisioning_templates").paginate(PaginationConfig={"PageSize": 1})
    found["pages"] = [[one["templateName"] for one in page["templates"]] for page in pages]
    for name in ("fleet", "just-in-time"):
        iot.delete_provisioning_template(templateName=name)
    found["gone"] = refusal(iot.create_provisioning_claim, templateName="fleet")
    return found


def bulk(iot, s3, role, request):
    s3.create_bucket(Bucket="devices-of-the-works")
    lines = [json.dumps({"ThingName": f"pump-{number}", "CSR": request}) for number in range(4)]
    lines.insert(2, json.dumps({"ThingName": "no request"}))
    s3.put_object(Bucket="devices-of-the-works", Key="fleet.json", Body="\n".join(lines).encode())
    asked = {
        "templateBody": json.dumps(TEMPLATE),
        "inputFileBucket": "devices-of-the-works",
        "inputFileKey": "fleet.json",
        "roleArn": role,
    }
    tasks, ended = [], []
    for _ in range(3):
        tasks.append(iot.start_thing_registration_task(**asked)["taskId"])
        ended.append(wait(iot, tasks[-1]))
    paginator = iot.get_paginator("list_thing_registration_tasks")
    listed = [page["taskIds"] for page in paginator.paginate(PaginationConfig={"PageSize": 2})]
    reports = {}
    for kind in ("RESULTS", "ERRORS"):
        paginator = iot.get_paginator("list_thing_registration_task_reports")
        links = [link for page in paginator.paginate(taskId=tasks[0], reportType=kind) for link in page["resourceLinks"]]
        text = "".join(urllib.request.urlopen(link).read().decode() for link in links)
        reports[kind] = [json.loads(line) for line in text.splitlines()]
    return {
        "statuses": [one["status"] for one in ended],
        "counts": [ended[0][name] for name in ("successCount", "failureCount", "percentageProgress")],
        "dates": ended[0]["creationDate"] <= ended[0]["lastModifiedDate"],
        "pages": [len(page) for page in listed],
        "newest_first": [one for page in listed for one in page] == tasks[::-1],
        "cancelled": iot.list_thing_registration_tasks(status="Cancelled")["taskIds"],
        "results": [line["lineNumber"] for line in reports["RESULTS"]],
        "errors": [[line["lineNumber"], line["errorCode"]] for line in reports["ERRORS"]],
        "late": refusal(iot.stop_thing_registration_task, taskId=tasks[0]),
        "absent": refusal(iot.describe_thing_registration_task, taskId="absent"),
        "no_file": refusal(iot.start_thing_registration_task, **{**asked, "inputFileKey": "none"}),
    }


def wait(iot, task):
    until = time.monotonic() + 120
    while (described := iot.describe_thing_registration_task(taskId=task))["status"] in ("InProgress", "Cancelling"):
        if time.monotonic() > until:
            sys.exit(f"the task stays {described}")
    return described


main()
