"""Works in the registry with boto3 as programs do, and prints what it found as JSON."""

import datetime
import json
from concurrent.futures import ThreadPoolExecutor

import boto3
from botocore.exceptions import ClientError

ALLOW_CONNECT = json.dumps({
    "Version": "2012-10-17",
    "Statement": {"Effect": "Allow", "Action": "iot:Connect", "Resource": "*"},
})


def names_and_targets(iot, certificate):
    """Names with a colon stand in the path, and so does a whole ARN with its slash."""
    iot.create_thing(thingName="site:pump_1")
    iot.create_policy(policyName="may@connect", policyDocument=ALLOW_CONNECT)
    iot.attach_policy(policyName="may@connect", target=certificate)
    iot.attach_thing_principal(thingName="site:pump_1", principal=certificate)
    return {
        "thing": iot.describe_thing(thingName="site:pump_1")["thingArn"],
        "attached": iot.list_attached_policies(target=certificate)["policies"],
        "principals": iot.list_thing_principals(thingName="site:pump_1")["principals"],
    }


def pages(iot, certificate, requests):
    """How many entries each page of each paginator has."""
    for number in range(6):
        iot.create_thing(thingName=f"pump-{number}", attributePayload={"attributes": {"kind": "pump"}})
        iot.create_policy(policyName=f"policy-{number}", policyDocument=ALLOW_CONNECT)
        iot.attach_policy(policyName=f"policy-{number}", target=certificate)
    for request in requests:
        made = iot.create_certificate_from_csr(certificateSigningRequest=request)
        iot.attach_thing_principal(thingName="pump-0", principal=made["certificateArn"])

    def sizes(operation, member, **arguments):
        paginator = iot.get_paginator(operation)
        found = paginator.paginate(PaginationConfig={"PageSize": 3}, **arguments)
        return [len(page[member]) for page in found]

    return {
        "things": sizes("list_things", "things", attributeName="kind", attributeValue="pump"),
        "certificates": sizes("list_certificates", "certificates"),
        "policies": sizes("list_policies", "policies"),
        "attached": sizes("list_attached_policies", "policies", target=certificate),
        "principals": sizes("list_thing_principals", "principals", thingName="pump-0"),
    }


def exceptions(iot, certificate_id):
    """The exceptions of the client that each mistake is caught by."""
    mistakes = {
        "ResourceNotFoundException": lambda: iot.describe_thing(thingName="nobody"),
        "ResourceAlreadyExistsException": lambda: iot.create_thing(
            thingName="pump-0", attributePayload={"attributes": {"kind": "other"}}
        ),
        "VersionConflictException": lambda: iot.delete_thing(thingName="pump-1", expectedVersion=9),
        "CertificateStateException": lambda: iot.delete_certificate(certificateId=certificate_id),
        "DeleteConflictException": lambda: iot.delete_policy(policyName="may@connect"),
        "MalformedPolicyException": lambda: iot.create_policy(policyName="wrong", policyDocument="{"),
        "InvalidRequestException": lambda: iot.create_certificate_from_csr(certificateSigningRequest="nonsense"),
    }
    caught = {}
    for name, mistake in mistakes.items():
        try:
            mistake()
        except getattr(iot.exceptions, name) as error:
            caught[name] = {
                "status": error.response["ResponseMetadata"]["HTTPStatusCode"],
                "message": error.response["Error"]["Message"],
                "details": {key: error.response[key] for key in ("resourceId", "resourceArn") if key in error.response},
            }
    return caught


def times(iot, certificate_id):
    """Seconds between now and each time of a certificate; None for one that is not a time."""
    found = iot.describe_certificate(certificateId=certificate_id)["certificateDescription"]
    now = datetime.datetime.now(datetime.timezone.utc)
    wanted = {
        "creationDate": found["creationDate"],
        "lastModifiedDate": found["lastModifiedDate"],
        "notBefore": found["validity"]["notBefore"],
        "notAfter": found["validity"]["notAfter"],
    }
    return {
        name: (time - now).total_seconds() if isinstance(time, datetime.datetime) else None
        for name, time in wanted.items()
    }


def unwritten(iot):
    """Something that the server does not know what to do with."""
    try:
        iot.describe_endpoint(endpointType="iot:Jobs")
    except ClientError as error:
        return {
            "code": error.response["Error"]["Code"],
            "message": error.response["Error"]["Message"],
            "status": error.response["ResponseMetadata"]["HTTPStatusCode"],
            "retries": error.response["ResponseMetadata"]["RetryAttempts"],
        }
    return None


def threads(iot):
    """One client, many threads, as boto3 allows it; how many different things they made."""
    def make(number):
        return iot.create_thing(thingName=f"thread-{number}")["thingId"]

    with ThreadPoolExecutor(max_workers=8) as pool:
        return len(set(pool.map(make, range(64))))


def main():
    import argparse

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", nargs="+", required=True, help="files with certificate signing requests")
    arguments = parser.parse_args()
    requests = []
    for path in arguments.requests:
        with open(path, encoding="ascii") as file:
            requests.append(file.read())

    iot = boto3.client("iot")
    first, *others = requests
    certificate = iot.create_certificate_from_csr(certificateSigningRequest=first, setAsActive=True)
    arn, certificate_id = certificate["certificateArn"], certificate["certificateId"]
    print(json.dumps({
        "identity": boto3.client("sts").get_caller_identity()["Account"],
        "names": names_and_targets(iot, arn),
        "pages": pages(iot, arn, others),
        "exceptions": exceptions(iot, certificate_id),
        "times": times(iot, certificate_id),
        "unwritten": unwritten(iot),
        "threads": threads(iot),
    }))


main()
