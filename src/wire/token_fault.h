/*
 * wire/token_fault - what it means that a provider gives no token: its error as a failure, with what to change
 *
 * Use: if (*answer->error) return token_fault(answer, GRANT_REFRESH, account, oauth, f).
 * Status and `error` decide whether it may go well later. Microsoft's AADSTS numbers, which it may change, and words of descriptions
 * only choose the hint.
 *
 * Owns: nothing. Bounds: those of the failure. Errors: returns -1; AT_TOKEN, EX_TEMPFAIL or EX_NOPERM. Threads: any.
 * Source: RFC 6749 4.1.2.1, 5.2; RFC 8628 3.5; RFC 7009 2.2.1; learn.microsoft.com, "Microsoft Entra authentication and authorization
 * error codes"; developers.google.com, "Using OAuth 2.0 to Access Google APIs".
 */
#ifndef WIRE_TOKEN_FAULT_H
#define WIRE_TOKEN_FAULT_H

#include "conf/oauth.h"
#include "wire/token_answer.h"

enum token_grant { GRANT_CLIENT, GRANT_ASSERTION, GRANT_REFRESH, GRANT_CODE, GRANT_DEVICE, GRANT_POLL, GRANT_REVOKE };

int token_fault(const struct token_answer *a, enum token_grant grant, const struct account *account, const struct oauth *o, struct failure *f);

#endif
