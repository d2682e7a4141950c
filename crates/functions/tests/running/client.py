# A runtime client of a few lines, which starts faster than AWS's: python client.py MODULE.FUNCTION
import http.client, importlib, json, os, sys

api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])


def ask(method, path, body=None):
    api.request(method, "/2018-06-01/runtime/" + path, body)
    response = api.getresponse()
    return response, response.read()


sys.path.insert(0, os.getcwd())
module, function = sys.argv[1].split(".")[:2]
handler = getattr(importlib.import_module(module), function)
while True:
    response, event = ask("GET", "invocation/next")
    request_id = response.headers["Lambda-Runtime-Aws-Request-Id"]
    try:
        answer, path = handler(json.loads(event), response.headers), "response"
    except Exception as error:
        answer, path = {"errorMessage": str(error), "errorType": type(error).__name__}, "error"
    if not isinstance(answer, bytes):
        answer = json.dumps(answer).encode()
    sys.stdout.flush()
    ask("POST", f"invocation/{request_id}/{path}", answer)
