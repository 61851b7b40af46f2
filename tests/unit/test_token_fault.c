/* Answers as providers give them, each with the hint that it leads to. Ids, names and times in them are made up. */
#include "unit.h"

#include <string.h>
#include <sysexits.h>

#include "wire/token_fault.h"

/* Ends the test, with words on which row it was. */
#define wrong_row(...) \
	do { \
		print_error(__VA_ARGS__); \
		print_error("\n"); \
		assert_true(false); \
	} while (0)

#define AADSTS(error, words) "{\"error\":\"" error "\",\"error_description\":\"AADSTS" words " Trace ID: 1f3f Correlation ID: 77e0 Timestamp: 2026-11-30 06:00:00Z\"," \
	"\"error_codes\":[1],\"timestamp\":\"2026-11-30 06:00:00Z\",\"trace_id\":\"1f3f\",\"correlation_id\":\"77e0\",\"error_uri\":\"https://login.microsoftonline.com/error?code=1\"}"
#define SAID(error, words) "{\"error\":\"" error "\",\"error_description\":\"" words "\"}"
#define ALONE(error) "{\"error\":\"" error "\"}"

#define MS OAUTH_MICROSOFT
#define GO OAUTH_GOOGLE
#define OWN OAUTH_OWN

static const struct {
	enum oauth_maker maker;
	enum token_grant grant;
	int status;
	const char *body;
	int exit;
	enum hint hint;
} rows[] = {
	/* Microsoft */
	{MS, GRANT_CLIENT, 401, AADSTS("invalid_client", "7000215: Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app 'a'."), EX_NOPERM, HINT_OAUTH_SECRET_VALUE},
	{MS, GRANT_CLIENT, 401, AADSTS("invalid_client", "7000222: The provided client secret keys for app 'a' are expired. Visit the Azure portal to create new keys for your app: https://aka.ms/NewClientSecret, or consider using certificate credentials for added security: https://aka.ms/certCreds."), EX_NOPERM, HINT_OAUTH_SECRET_ENDED},
	{MS, GRANT_CLIENT, 400, AADSTS("unauthorized_client", "700016: Application with identifier 'a' was not found in the directory 'Contoso'. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant."), EX_NOPERM, HINT_OAUTH_APP},
	{MS, GRANT_CLIENT, 400, AADSTS("invalid_request", "90002: Tenant 'contoso.example' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud."), EX_NOPERM, HINT_OAUTH_TENANT},
	{MS, GRANT_CLIENT, 400, AADSTS("invalid_request", "900023: Specified tenant identifier 'x y' is neither a valid DNS name, nor a valid external domain."), EX_NOPERM, HINT_OAUTH_TENANT},
	{MS, GRANT_CLIENT, 400, AADSTS("invalid_request", "50194: Application 'a'(mysend) is not configured as a multi-tenant application. Usage of the /common endpoint is not supported for such apps created after '10/15/2018'. Use a tenant-specific endpoint or configure the application to be multi-tenant."), EX_NOPERM, HINT_OAUTH_TENANT_OWN},
	{MS, GRANT_CLIENT, 400, AADSTS("invalid_request", "9001023: The grant type is not supported over the /common or /consumers endpoints. Please use the /organizations or tenant-specific endpoint."), EX_NOPERM, HINT_OAUTH_TENANT_OWN},
	{MS, GRANT_DEVICE, 400, AADSTS("invalid_request", "9002332: Application 'a'(mysend) is configured for use by Azure Active Directory users only. Please do not use the /consumers endpoint to serve this request."), EX_NOPERM, HINT_OAUTH_PERSONAL},
	{MS, GRANT_POLL, 401, AADSTS("invalid_client", "7000218: The request body must contain the following parameter: 'client_assertion' or 'client_secret'."), EX_NOPERM, HINT_OAUTH_PUBLIC},
	{MS, GRANT_REFRESH, 401, AADSTS("invalid_client", "700025: Client is public so neither 'client_assertion' nor 'client_secret' should be presented."), EX_NOPERM, HINT_OAUTH_NO_SECRET},
	{MS, GRANT_REFRESH, 400, AADSTS("invalid_grant", "65001: The user or administrator has not consented to use the application with ID 'a' named 'mysend'. Send an interactive authorization request for this user and resource."), EX_NOPERM, HINT_OAUTH_CONSENT},
	{MS, GRANT_CLIENT, 401, AADSTS("invalid_client", "7000229: The client application a is missing service principal in the tenant t. See instructions here: https://go.microsoft.com/fwlink/?linkid=2225119"), EX_NOPERM, HINT_OAUTH_CONSENT},
	{MS, GRANT_CLIENT, 400, AADSTS("invalid_scope", "1002012: The provided value for scope https://outlook.office.com/SMTP.Send is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI)."), EX_NOPERM, HINT_OAUTH_SCOPE_DEFAULT},
	{MS, GRANT_CLIENT, 400, AADSTS("invalid_scope", "70011: The provided request must include a 'scope' input parameter. The provided value for the input parameter 'scope' is not valid."), EX_NOPERM, HINT_OAUTH_SCOPE_DEFAULT},
	{MS, GRANT_DEVICE, 400, AADSTS("invalid_scope", "70011: The provided request must include a 'scope' input parameter. The provided value for the input parameter 'scope' is not valid."), EX_NOPERM, HINT_OAUTH_SCOPE_UNKNOWN},
	{MS, GRANT_CLIENT, 400, AADSTS("invalid_resource", "500011: The resource principal named https://outlook.office365.com was not found in the tenant named Contoso."), EX_NOPERM, HINT_OAUTH_RESOURCE},
	{MS, GRANT_REFRESH, 400, AADSTS("invalid_grant", "700082: The refresh token has expired due to inactivity. The token was issued on 2026-08-01T00:00:00.0000000Z and was inactive for 90.00:00:00."), EX_NOPERM, HINT_OAUTH_LOGIN},
	{MS, GRANT_REFRESH, 400, AADSTS("invalid_grant", "50173: The provided grant has expired due to it being revoked, a fresh auth token is needed. The user might have changed or reset their password."), EX_NOPERM, HINT_OAUTH_LOGIN},
	{MS, GRANT_REFRESH, 400, AADSTS("invalid_grant", "70000: The user could not be authenticated or the grant is expired. The user must first sign in and if needed grant the client application access to the requested scope."), EX_NOPERM, HINT_OAUTH_LOGIN},
	{MS, GRANT_REFRESH, 400, AADSTS("invalid_grant", "50076: Due to a configuration change made by your administrator, or because you moved to a new location, you must use multi-factor authentication to access 'b'."), EX_NOPERM, HINT_OAUTH_MORE},
	{MS, GRANT_REFRESH, 400, AADSTS("interaction_required", "50079: Due to a configuration change made by your administrator, or because you moved to a new location, you must enroll in multi-factor authentication to access 'b'."), EX_NOPERM, HINT_OAUTH_MORE},
	{MS, GRANT_REFRESH, 400, AADSTS("invalid_grant", "70043: The refresh token has expired or is invalid due to sign-in frequency checks by conditional access."), EX_NOPERM, HINT_OAUTH_MORE},
	{MS, GRANT_REFRESH, 400, AADSTS("invalid_grant", "53003: Access has been blocked by Conditional Access policies. The access policy does not allow token issuance."), EX_NOPERM, HINT_OAUTH_POLICY},
	{MS, GRANT_REFRESH, 400, AADSTS("invalid_grant", "50057: The user account is disabled."), EX_NOPERM, HINT_OAUTH_PERSON},
	{MS, GRANT_REFRESH, 400, AADSTS("invalid_grant", "50105: Your administrator has configured the application mysend ('a') to block users unless they are specifically granted ('assigned') access to the application."), EX_NOPERM, HINT_OAUTH_ASSIGNED},
	{MS, GRANT_CLIENT, 400, AADSTS("unauthorized_client", "7000112: Application 'a'(mysend) is disabled."), EX_NOPERM, HINT_OAUTH_DISABLED},
	{MS, GRANT_ASSERTION, 401, AADSTS("invalid_client", "700027: The certificate with identifier used to sign the client assertion is not registered on application."), EX_NOPERM, HINT_OAUTH_ASSERTION},
	{MS, GRANT_CLIENT, 401, AADSTS("invalid_client", "1: A number that nobody knows."), EX_NOPERM, HINT_OAUTH_SECRET},
	{MS, GRANT_POLL, 400, AADSTS("authorization_declined", "70003: x"), EX_NOPERM, HINT_OAUTH_DENIED},
	{MS, GRANT_POLL, 400, AADSTS("expired_token", "70019: The code has expired."), EX_NOPERM, HINT_OAUTH_LATE},
	{MS, GRANT_POLL, 400, AADSTS("bad_verification_code", "70018: The device code is wrong."), EX_NOPERM, HINT_OAUTH_LATE},
	{MS, GRANT_CODE, 400, AADSTS("invalid_grant", "54005: OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an existing refresh token."), EX_NOPERM, HINT_OAUTH_CODE},
	{MS, GRANT_CLIENT, 503, AADSTS("temporarily_unavailable", "90033: A transient error has occurred. Please try again."), EX_TEMPFAIL, NO_HINT},
	{MS, GRANT_CLIENT, 400, AADSTS("temporarily_unavailable", "90006: External server is temporarily unavailable."), EX_TEMPFAIL, NO_HINT},
	{MS, GRANT_CLIENT, 429, AADSTS("invalid_request", "90055: There have been too many requests."), EX_TEMPFAIL, NO_HINT},
	{MS, GRANT_CLIENT, 500, AADSTS("invalid_client", "7000215: Invalid client secret provided."), EX_TEMPFAIL, NO_HINT},
	/* Google */
	{GO, GRANT_REFRESH, 400, SAID("invalid_grant", "Token has been expired or revoked."), EX_NOPERM, HINT_OAUTH_LOGIN_GOOGLE},
	{GO, GRANT_REFRESH, 400, SAID("invalid_grant", "Bad Request"), EX_NOPERM, HINT_OAUTH_LOGIN_GOOGLE},
	{GO, GRANT_CODE, 400, SAID("invalid_grant", "Malformed auth code."), EX_NOPERM, HINT_OAUTH_CODE},
	{GO, GRANT_REFRESH, 401, SAID("invalid_client", "The OAuth client was not found."), EX_NOPERM, HINT_OAUTH_SECRET},
	{GO, GRANT_REFRESH, 401, SAID("invalid_client", "Unauthorized"), EX_NOPERM, HINT_OAUTH_SECRET},
	{GO, GRANT_REFRESH, 401, SAID("deleted_client", "The OAuth client was deleted."), EX_NOPERM, HINT_OAUTH_DISABLED},
	{GO, GRANT_REFRESH, 401, SAID("unauthorized_client", "Unauthorized"), EX_NOPERM, HINT_OAUTH_FLOW},
	{GO, GRANT_ASSERTION, 401, SAID("unauthorized_client", "Client is unauthorized to retrieve access tokens using this method, or client not authorized for any of the scopes requested."), EX_NOPERM, HINT_OAUTH_DELEGATION},
	{GO, GRANT_ASSERTION, 400, SAID("invalid_grant", "Invalid JWT Signature."), EX_NOPERM, HINT_OAUTH_ASSERTION},
	{GO, GRANT_ASSERTION, 400, SAID("invalid_grant", "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp values in the JWT claim."), EX_NOPERM, HINT_OAUTH_ASSERTION},
	{GO, GRANT_DEVICE, 400, SAID("invalid_scope", "Invalid device flow scope: https://mail.google.com/"), EX_NOPERM, HINT_OAUTH_SCOPE_DEVICE},
	{GO, GRANT_CODE, 400, ALONE("admin_policy_enforced"), EX_NOPERM, HINT_OAUTH_ADMIN},
	{GO, GRANT_CODE, 403, ALONE("org_internal"), EX_NOPERM, HINT_OAUTH_INTERNAL},
	{MS, GRANT_CODE, 400, AADSTS("invalid_request", "50011: The redirect URI 'http://localhost:1' specified in the request does not match."), EX_NOPERM, HINT_OAUTH_REDIRECT},
	{GO, GRANT_CODE, 400, SAID("redirect_uri_mismatch", "Bad Request"), EX_NOPERM, HINT_OAUTH_REDIRECT},
	{GO, GRANT_CODE, 403, ALONE("access_denied"), EX_NOPERM, HINT_OAUTH_DENIED_GOOGLE},
	{GO, GRANT_REFRESH, 400, ALONE("internal_failure"), EX_NOPERM, NO_HINT},
	{GO, GRANT_REFRESH, 503, "{\"error\":{\"code\":503,\"message\":\"The service is currently unavailable.\",\"status\":\"UNAVAILABLE\"}}", EX_TEMPFAIL, NO_HINT},
	/* Keycloak */
	{OWN, GRANT_CLIENT, 401, SAID("unauthorized_client", "Invalid client or Invalid client credentials"), EX_NOPERM, HINT_OAUTH_SECRET},
	{OWN, GRANT_CLIENT, 401, SAID("invalid_client", "Invalid client or Invalid client credentials"), EX_NOPERM, HINT_OAUTH_SECRET},
	{OWN, GRANT_CLIENT, 401, SAID("unauthorized_client", "Client not enabled to retrieve service account"), EX_NOPERM, HINT_OAUTH_FLOW},
	{OWN, GRANT_DEVICE, 400, SAID("unauthorized_client", "Client is not allowed to initiate OAuth 2.0 Device Authorization Grant. The flow is disabled for the client."), EX_NOPERM, HINT_OAUTH_FLOW},
	{OWN, GRANT_REFRESH, 400, SAID("invalid_grant", "Session not active"), EX_NOPERM, HINT_OAUTH_LOGIN},
	{OWN, GRANT_REFRESH, 400, SAID("invalid_grant", "Token is not active"), EX_NOPERM, HINT_OAUTH_LOGIN},
	{OWN, GRANT_REFRESH, 400, SAID("invalid_grant", "Stale token"), EX_NOPERM, HINT_OAUTH_LOGIN},
	{OWN, GRANT_REFRESH, 400, SAID("invalid_grant", "Maximum allowed refresh token reuse exceeded"), EX_NOPERM, HINT_OAUTH_LOGIN},
	{OWN, GRANT_POLL, 400, SAID("access_denied", "The end user denied the authorization request"), EX_NOPERM, HINT_OAUTH_DENIED},
	{OWN, GRANT_POLL, 400, SAID("expired_token", "Device code is expired"), EX_NOPERM, HINT_OAUTH_LATE},
	{OWN, GRANT_POLL, 400, SAID("invalid_grant", "Device code not valid"), EX_NOPERM, HINT_OAUTH_CODE},
	/* others */
	{OWN, GRANT_CLIENT, 400, ALONE("unsupported_grant_type"), EX_NOPERM, HINT_OAUTH_FLOW},
	{OWN, GRANT_CLIENT, 400, SAID("invalid_scope", "requested scope is not allowed"), EX_NOPERM, HINT_OAUTH_SCOPE_UNKNOWN},
	{OWN, GRANT_CLIENT, 400, ALONE("invalid_target"), EX_NOPERM, HINT_OAUTH_RESOURCE},
	{OWN, GRANT_CLIENT, 400, SAID("invalid_request", "requested grant type is not allowed for this client"), EX_NOPERM, HINT_OAUTH_FLOW},
	{OWN, GRANT_CLIENT, 400, SAID("invalid_request", "Missing form parameter: grant_type"), EX_NOPERM, NO_HINT},
	{OWN, GRANT_CLIENT, 400, ALONE("server_error"), EX_TEMPFAIL, NO_HINT},
	{OWN, GRANT_CLIENT, 400, ALONE("slow_down"), EX_TEMPFAIL, NO_HINT},
	{OWN, GRANT_REVOKE, 400, ALONE("unsupported_token_type"), EX_NOPERM, NO_HINT},
	{OWN, GRANT_CLIENT, 200, ALONE("invalid_client"), EX_NOPERM, HINT_OAUTH_SECRET},
};

static void test_answers_of_providers_lead_to_their_hints(void **state)
{
	const struct account account = {.name = "alerts", .password_file = "/etc/secret", .password_command = ""};
	struct token_answer a;
	struct failure f;

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		const struct oauth o = {.maker = rows[i].maker};

		if (token_answer_read(&a, rows[i].status, slice_of(rows[i].body), ANSWER_TOKEN, &f) < 0)
			wrong_row("%s: %s", rows[i].body, f.text);
		assert_int_equal(token_fault(&a, rows[i].grant, &account, &o, &f), -1);
		if (f.stage != AT_TOKEN || f.exit != rows[i].exit || f.hint_id != rows[i].hint)
			wrong_row("%s: %d, %s, %s", rows[i].body, f.exit, f.text, f.hint);
		assert_null(strstr(f.text, "Trace"));
		assert_null(strchr(f.hint, '{'));
		assert_true(strlen(f.hint) < sizeof f.hint - 1);
		token_answer_free(&a);
	}
}

static void test_a_secret_that_is_refused_is_looked_for_where_it_came_from(void **state)
{
	enum { BY_CLIENT = 1, BY_LOGIN }; /* the setting oauth: off, client or login */
	static const struct { unsigned oauth; const char *file, *command; enum hint hint; } from[] = {
		{BY_CLIENT, "/etc/secret", "", HINT_OAUTH_SECRET}, {BY_LOGIN, "/etc/secret", "", HINT_OAUTH_SECRET},
		{BY_LOGIN, "", "print-token", HINT_OAUTH_SECRET_COMMAND}, {BY_CLIENT, "", "print-secret", HINT_OAUTH_SECRET_COMMAND},
		{BY_LOGIN, "", "", HINT_OAUTH_SECRET_NONE}, {BY_CLIENT, "", "", HINT_OAUTH_SECRET}, /* of systemd or netrc */
	};
	const struct oauth o = {.maker = OAUTH_OWN};
	struct token_answer a;
	struct failure f;

	(void)state;
	for (size_t i = 0; i < ROWS(from); i++) {
		const struct account account = {.name = "alerts", .oauth = from[i].oauth, .password_file = from[i].file, .password_command = from[i].command};

		assert_int_equal(token_answer_read(&a, 401, slice_of(ALONE("invalid_client")), ANSWER_TOKEN, &f), 0);
		assert_int_equal(token_fault(&a, GRANT_REFRESH, &account, &o, &f), -1);
		assert_int_equal(f.hint_id, from[i].hint);
		token_answer_free(&a);
	}
}

static void test_it_says_status_error_and_words(void **state)
{
	const struct account account = {.name = "alerts", .password_file = "/etc/secret", .password_command = ""};
	const struct oauth o = {.maker = OAUTH_MICROSOFT};
	struct token_answer a;
	struct failure f;

	(void)state;
	assert_int_equal(token_answer_read(&a, 400, slice_of(AADSTS("invalid_grant", "700082: The refresh token has expired due to inactivity.")), ANSWER_TOKEN, &f), 0);
	token_fault(&a, GRANT_REFRESH, &account, &o, &f);
	assert_string_equal(f.text, "400 invalid_grant: AADSTS700082: The refresh token has expired due to inactivity.");
	assert_non_null(strstr(f.hint, "mysend --login -a alerts"));
	token_answer_free(&a);
	assert_int_equal(token_answer_read(&a, 400, slice_of(ALONE("invalid_grant")), ANSWER_TOKEN, &f), 0);
	token_fault(&a, GRANT_REFRESH, &account, &o, &f);
	assert_string_equal(f.text, "400 invalid_grant");
	token_answer_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers_of_providers_lead_to_their_hints),
		cmocka_unit_test(test_a_secret_that_is_refused_is_looked_for_where_it_came_from),
		cmocka_unit_test(test_it_says_status_error_and_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
