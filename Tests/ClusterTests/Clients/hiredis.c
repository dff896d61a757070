/* hiredis, the C client: hiredis PORT. Prints what failed; the exit status tells. */
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int failures = 0;

static void expect(int holds, const char *what, redisReply *reply) {
    if (holds) return;
    failures++;
    printf("%s: type %d, integer %lld, text %s\n", what, reply ? reply->type : -1,
           reply ? reply->integer : 0, reply && reply->str ? reply->str : "");
}

static int is_text(redisReply *reply, int type, const char *text) {
    return reply && reply->type == type && strcmp(reply->str, text) == 0;
}

int main(int count, char **arguments) {
    redisContext *context = redisConnect("127.0.0.1", count > 1 ? atoi(arguments[1]) : 7379);
    if (!context || context->err) {
        printf("no connection: %s\n", context ? context->errstr : "");
        return 1;
    }
    redisReply *reply = redisCommand(context, "PING");
    expect(is_text(reply, REDIS_REPLY_STATUS, "PONG"), "PING", reply);
    freeReplyObject(reply);

    /* Bytes of every value. */
    char bytes[256];
    for (int index = 0; index < 256; index++) bytes[index] = (char)index;
    reply = redisCommand(context, "SET %s %b", "bytes", bytes, sizeof bytes);
    expect(is_text(reply, REDIS_REPLY_STATUS, "OK"), "SET", reply);
    freeReplyObject(reply);
    reply = redisCommand(context, "GET bytes");
    expect(reply && reply->type == REDIS_REPLY_STRING && reply->len == sizeof bytes &&
               memcmp(reply->str, bytes, sizeof bytes) == 0,
           "GET", reply);
    freeReplyObject(reply);
    reply = redisCommand(context, "GET absent");
    expect(reply && reply->type == REDIS_REPLY_NIL, "GET of nothing", reply);
    freeReplyObject(reply);
    reply = redisCommand(context, "INCRBY count 41");
    expect(reply && reply->type == REDIS_REPLY_INTEGER && reply->integer == 41, "INCRBY", reply);
    freeReplyObject(reply);
    reply = redisCommand(context, "MGET bytes absent count");
    expect(reply && reply->type == REDIS_REPLY_ARRAY && reply->elements == 3 &&
               reply->element[1]->type == REDIS_REPLY_NIL,
           "MGET", reply);
    freeReplyObject(reply);
    reply = redisCommand(context, "NOSUCH command");
    expect(reply && reply->type == REDIS_REPLY_ERROR, "an unknown command", reply);
    freeReplyObject(reply);

    for (int index = 0; index < 1000; index++) redisAppendCommand(context, "INCR pipelined");
    for (int index = 0; index < 1000; index++) {
        reply = NULL;
        int status = redisGetReply(context, (void **)&reply);
        expect(status == REDIS_OK && reply && reply->integer == index + 1, "INCR", reply);
        freeReplyObject(reply);
    }
    redisFree(context);
    return failures ? 1 : 0;
}
