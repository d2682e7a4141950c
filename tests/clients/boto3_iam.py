"""Users, roles, sessions and signed URLs with boto3 as programs use them; prints what it found as JSON."""

import json
import urllib.error
import urllib.request

import boto3
from botocore.exceptions import ClientError

LIST_THINGS = {
    "Version": "2012-10-17",
    "Statement": {"Effect": "Allow", "Action": "iot:ListThings", "Resource": "*"},
}


def code(call):
    """What a call is refused with."""
    try:
        call()
    except ClientError as error:
        return [error.response["ResponseMetadata"]["HTTPStatusCode"], error.response["Error"]["Code"]]
    return None


def users(iam):
    """A user's life as boto3's resources and paginators see it."""
    for number in range(5):
        iam.create_user(UserName=f"user-{number}", Path="/line/")
    pages = iam.get_paginator("list_users").paginate(PathPrefix="/line/", PaginationConfig={"PageSize": 2})
    iam.put_user_policy(UserName="user-0", PolicyName="things", PolicyDocument=json.dumps(LIST_THINGS))
    key = iam.create_access_key(UserName="user-0")["AccessKey"]
    session = boto3.Session(key["AccessKeyId"], key["SecretAccessKey"])
    found = {
        "pages": [len(page["Users"]) for page in pages],
        # The client decodes a document that it gets.
        "document": iam.get_user_policy(UserName="user-0", PolicyName="things")["PolicyDocument"] == LIST_THINGS,
        "arn": session.client("sts").get_caller_identity()["Arn"],
        "things": session.client("iot").list_things()["things"],
        "denied": code(lambda: session.client("iot").create_thing(thingName="a")),
        "denied_iam": code(lambda: session.client("iam").list_users()),
        "conflict": code(lambda: iam.delete_user(UserName="user-0")),
        "taken": code(lambda: iam.create_user(UserName="USER-0")),
    }
    try:
        iam.get_user(UserName="nobody")
    except iam.exceptions.NoSuchEntityException as error:
        found["absent"] = error.response["Error"]["Code"]
    return found


def roles(iam):
    """A role, its managed policies, and sessions of it."""
    account = boto3.client("sts").get_caller_identity()["Account"]
    trust = {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Principal": {"AWS": account}, "Action": "sts:AssumeRole"},
    }
    role = iam.create_role(RoleName="line", AssumeRolePolicyDocument=json.dumps(trust))["Role"]
    arn = iam.create_policy(PolicyName="things", PolicyDocument=json.dumps(LIST_THINGS))["Policy"]["Arn"]
    iam.attach_role_policy(RoleName="line", PolicyArn=arn)
    iam.attach_role_policy(RoleName="line", PolicyArn="arn:aws:iam::aws:policy/service-role/AWSIoTThingsRegistration")
    attached = iam.list_attached_role_policies(RoleName="line")["AttachedPolicies"]
    made = boto3.client("sts").assume_role(RoleArn=role["Arn"], RoleSessionName="shift")["Credentials"]
    session = boto3.Session(made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"])
    session.client("iot").create_thing(thingName="made-by-a-session")
    return {
        "trust": iam.get_role(RoleName="line")["Role"]["AssumeRolePolicyDocument"] == trust,
        "attached": [policy["PolicyName"] for policy in attached],
        "arn": session.client("sts").get_caller_identity()["Arn"],
        "things": [thing["thingName"] for thing in session.client("iot").list_things()["things"]],
        "denied": code(lambda: session.client("iot").delete_thing(thingName="made-by-a-session")),
        "lifetime_is_a_date": made["Expiration"].tzinfo is not None,
        "session": session,
    }


def fetch(url):
    """The status and body of a URL that somebody signed."""
    try:
        with urllib.request.urlopen(url) as reply:
            return [reply.status, reply.read().decode()]
    except urllib.error.HTTPError as error:
        return [error.code, error.read().decode()]


def signed_urls(session):
    """URLs signed by an administrator and by a session."""
    found = {}
    for name, signer in [("administrator", boto3.Session()), ("session", session)]:
        things = signer.client("iot").generate_presigned_url("list_things", Params={"maxResults": 1}, ExpiresIn=60)
        identity = signer.client("sts").generate_presigned_url("get_caller_identity", HttpMethod="GET", ExpiresIn=60)
        found[name] = {
            "things": fetch(things)[0],
            "forged": fetch(things.replace("maxResults=1", "maxResults=2"))[0],
            "identity": fetch(identity)[1],
        }
    return found


def main():
    iam = boto3.client("iam")
    found = {"users": users(iam), "roles": roles(iam)}
    found["urls"] = signed_urls(found["roles"].pop("session"))
    print(json.dumps(found))


main()
