# Becomes the worker, with the limits and the user that it has by now. Arguments: the names of the customer's variables, `--`,
# the command. The values come under other names, so that none of them could mean anything to a program that ran before.
while [ "$1" != -- ]; do
    eval "export $1=\"\$THINGSMITH_VALUE_$1\""
    unset "THINGSMITH_VALUE_$1"
    shift
done
shift
# Where memory is short, this goes first.
echo 1000 2>/dev/null >/proc/self/oom_score_adj
cd "$LAMBDA_TASK_ROOT" && exec "$@"
