/* The body of POST /order, byte for byte as the official client writes it: the signature of the request covers these bytes. */
#include "venue/polymarket/sign/pm_sign.h"

#include <inttypes.h>

/* A JSON string of foreign bytes; our own parts need no escapes. */
static void add_string(struct str *s, const char *text) {
    str_addc(s, '"');
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\')
            str_addf(s, "\\%c", c);
        else if (c < 0x20)
            str_addf(s, "\\u%04x", c);
        else
            str_addc(s, (char)c);
    }
    str_addc(s, '"');
}

void pm_order_json(struct str *out, const struct pm_order *o, const struct pm_wire *w) {
    char maker[43], signer[43], metadata[67], builder[67];
    pm_address_text(&o->maker, maker);
    pm_address_text(&o->signer, signer);
    pm_word_hex(&o->metadata, metadata);
    pm_word_hex(&o->builder, builder);
    str_addf(out, "{\"deferExec\":%s,\"postOnly\":%s,\"order\":{\"salt\":%" PRIu64 ",\"maker\":\"%s\",\"signer\":\"%s\",\"tokenId\":",
             w->defer ? "true" : "false", w->post_only ? "true" : "false", o->salt, maker, signer);
    add_string(out, w->token);
    str_addf(out, ",\"makerAmount\":\"%" PRId64 "\",\"takerAmount\":\"%" PRId64 "\",\"side\":\"%s\",\"signatureType\":%u,\"timestamp\":\"%" PRId64 "\"",
             o->maker_amount, o->taker_amount, o->side ? "SELL" : "BUY", o->signature_type, o->timestamp_ms);
    str_addf(out, ",\"expiration\":\"%" PRId64 "\",\"metadata\":\"%s\",\"builder\":\"%s\",\"signature\":\"", o->expiration_s, metadata, builder);
    str_add(out, w->signature);
    str_add(out, "\"},\"owner\":");
    add_string(out, w->owner);
    str_add(out, ",\"orderType\":");
    add_string(out, w->type);
    str_addc(out, '}');
}
