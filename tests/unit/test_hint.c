#include "unit.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "post/hint.h"

enum { STRANGER, KNOWN, TOKEN, CLIENT, LOGIN };

struct row {
	enum stage at;
	int code;
	const char *enhanced, *text;
	int who;
	enum hint wanted;
};

static void try_rows(const struct row *row, size_t count)
{
	for (size_t i = 0; i < count; i++, row++) {
		struct failure f = {.stage = row->at, .code = row->code, .relay = "relay.test:587", .ehlo = "vm", .account = "work"};

		f.token = row->who < TOKEN ? NO_TOKEN : (enum token_of)(row->who - TOKEN + TOKEN_OF_COMMAND);

		snprintf(f.user, sizeof f.user, "%s", row->who == STRANGER ? "" : "joe");
		snprintf(f.enhanced, sizeof f.enhanced, "%s", row->enhanced);
		snprintf(f.text, sizeof f.text, "%s", row->text);
		hint_add(&f);
		if (f.hint_id != row->wanted || (*f.hint == '\0') != (row->wanted == NO_HINT))
			print_error("row %zu, %s: %s\n", i, row->text, f.hint);
		assert_true(f.hint_id == row->wanted && (*f.hint == '\0') == (row->wanted == NO_HINT));
		assert_null(strchr(f.hint, '{'));
	}
}

static void test_a_failure_that_is_known_by_its_answer_gets_its_hint_and_no_other(void **state)
{
	static const struct row rows[] = {
		{AT_CONNECT, 0, "", "Connection refused", STRANGER, HINT_CONNECT_REFUSED},
		{AT_CONNECT, 0, "", "Network is unreachable", STRANGER, HINT_NETWORK},
		{AT_GREETING, 421, "4.3.2", "busy", STRANGER, NO_HINT},
		{AT_GREETING, 554, "5.7.1", "no SMTP service here", STRANGER, HINT_ADDRESS_REFUSED},
		{AT_LOGIN, 535, "5.7.8", "bad password", KNOWN, HINT_PASSWORD},
		{AT_LOGIN, 535, "5.7.8", "bad token", TOKEN, HINT_TOKEN},
		{AT_LOGIN, 535, "5.7.3", "Authentication unsuccessful", TOKEN, HINT_TOKEN_MAILBOX},
		{AT_LOGIN, 535, "5.7.3", "Authentication unsuccessful", CLIENT, HINT_MAILBOX_CLIENT},
		{AT_LOGIN, 535, "5.7.3", "Authentication unsuccessful", LOGIN, HINT_MAILBOX_LOGIN},
		{AT_LOGIN, 535, "5.7.8", "bad token", CLIENT, HINT_TOKEN_CLIENT},
		{AT_LOGIN, 535, "5.7.8", "bad token", LOGIN, HINT_TOKEN_LOGIN},
		{AT_LOGIN, 0, "", "the relay does not take the login: 334 {}", TOKEN, HINT_TOKEN},
		{AT_LOGIN, 0, "", "the relay does not take the login: 334 {}", CLIENT, HINT_TOKEN_CLIENT},
		{AT_LOGIN, 0, "", "the relay does not take the login: 334 {}", LOGIN, HINT_TOKEN_LOGIN},
		{AT_LOGIN, 0, "", "the relay does not take the login: 250 ok", KNOWN, NO_HINT},
		{AT_LOGIN, 0, "", "the relay cannot check the login just now: 334 {}", CLIENT, NO_HINT},
		{AT_LOGIN, 454, "4.7.0", "Temporary authentication failure", CLIENT, NO_HINT},
		{AT_LOGIN, 535, "5.7.3", "Authentication unsuccessful", KNOWN, HINT_PASSWORD},
		{AT_LOGIN, 534, "5.7.9", "application password required", KNOWN, HINT_APP_PASSWORD},
		{AT_LOGIN, 454, "4.7.0", "later", KNOWN, NO_HINT},
		{AT_LOGIN, 538, "5.7.11", "not without it", KNOWN, HINT_LOGIN_WANTS_TLS},
		{AT_SENDER, 530, "5.7.0", "Must issue a STARTTLS command first", STRANGER, HINT_WANTS_TLS},
		{AT_SENDER, 530, "5.7.0", "Encryption required", STRANGER, HINT_WANTS_TLS},
		{AT_SENDER, 530, "5.7.0", "Authentication required", STRANGER, HINT_WANTS_LOGIN},
		{AT_SENDER, 530, "5.7.57", "Client not authenticated to send mail", KNOWN, HINT_LOGIN_IN_VAIN},
		{AT_SENDER, 553, "5.7.1", "not owned by user", KNOWN, HINT_SENDER_OF_USER},
		{AT_SENDER, 553, "5.7.1", "not owned by user", STRANGER, HINT_SENDER_NOT_YOURS},
		{AT_SENDER, 552, "5.3.4", "too much", STRANGER, HINT_TOO_LARGE},
		{AT_SENDER, 452, "4.3.4", "too much", STRANGER, NO_HINT}, /* only what is for good has a meaning that asks for a change */
		{AT_SENDER, 504, "5.5.2", "<root>: Sender address rejected: need fully-qualified address", STRANGER, HINT_SENDER_FULL},
		{AT_RECIPIENT, 504, "5.5.2", "<vm>: Helo command rejected: need fully-qualified hostname", STRANGER, HINT_OUR_NAME},
		{AT_RECIPIENT, 554, "5.7.1", "<x@y>: Relay access denied", STRANGER, HINT_RELAYING},
		{AT_RECIPIENT, 554, "5.7.1", "<x@y>: Relay access denied", KNOWN, HINT_RELAYING_KNOWN},
		{AT_RECIPIENT, 550, "5.7.1", "we do not RELAYING", STRANGER, HINT_RELAYING},
		{AT_RECIPIENT, 550, "5.1.1", "no such user", STRANGER, NO_HINT},
		{AT_RECIPIENT, 450, "4.2.0", "greylisted", STRANGER, NO_HINT},
		{AT_END, 552, "5.3.4", "too much", STRANGER, HINT_TOO_LARGE},
		{AT_END, 554, "5.7.1", "spam", STRANGER, HINT_CONTENT},
		{AT_END, 550, "5.4.5", "Daily user sending limit exceeded", KNOWN, HINT_LIMIT_OF_RELAY},
		{AT_SENDER, 550, "5.7.1", "Daily SMTP relay limit exceeded for customer", KNOWN, HINT_LIMIT_OF_RELAY},
		{AT_SENDER, 450, "4.7.1", "Error: too much mail from 192.0.2.1", STRANGER, HINT_TOO_FAST},
		{AT_RECIPIENT, 552, "5.2.2", "quota exceeded", STRANGER, NO_HINT},
		{AT_INPUT, 535, "5.7.8", "refused", STRANGER, NO_HINT}, /* the same words at another stage */
	};

	(void)state;
	try_rows(rows, ROWS(rows));
}

/* What large providers and appliances say. */
static void test_what_providers_say_leads_to_the_setting_that_mends_it(void **state)
{
	static const struct row rows[] = {
		/* Gmail, Workspace */
		{AT_LOGIN, 535, "5.7.8", "Username and Password not accepted. For more information, go to https://support.google.com/mail/?p=BadCredentials x - gsmtp", KNOWN, HINT_PASSWORD},
		{AT_LOGIN, 534, "5.7.9", "Application-specific password required. For more information, go to https://support.google.com/mail/?p=InvalidSecondFactor x - gsmtp", KNOWN, HINT_APP_PASSWORD},
		{AT_LOGIN, 534, "5.7.14", "<https://accounts.google.com/signin/continue?sarp=1> Please log in via your web browser and then try again.", KNOWN, HINT_BROWSER},
		{AT_LOGIN, 535, "5.7.1", "Please log in with your web browser and then try again.", KNOWN, HINT_BROWSER},
		{AT_SENDER, 530, "5.7.0", "Authentication Required. For more information, go to https://support.google.com/mail/?p=WantAuthError x - gsmtp", STRANGER, HINT_WANTS_LOGIN},
		{AT_SENDER, 530, "5.7.0", "Must issue a STARTTLS command first. x - gsmtp", STRANGER, HINT_WANTS_TLS},
		{AT_SENDER, 550, "5.7.1", "Invalid credentials for relay [192.0.2.1]. The IP address you've registered in your G Suite SMTP Relay service doesn't match domain of the account", STRANGER, HINT_RELAY_REGISTERED},
		{AT_END, 550, "5.7.26", "Unauthenticated email from example.net is not accepted due to domain's DMARC policy.", STRANGER, HINT_SPF},
		{AT_END, 550, "5.7.25", "The IP address sending this message does not have a PTR record setup", STRANGER, HINT_ADDRESS_NAME},
		{AT_END, 552, "5.7.0", "This message was blocked because its content presents a potential security issue.", KNOWN, HINT_CONTENT},
		{AT_END, 552, "5.3.4", "Your message exceeded Google's message size limits.", KNOWN, HINT_TOO_LARGE},
		/* Exchange Online, outlook.com */
		{AT_LOGIN, 535, "5.7.139", "Authentication unsuccessful, SmtpClientAuthentication is disabled for the Mailbox. Visit https://aka.ms/smtp_auth_disabled for more information.", KNOWN, HINT_SMTP_AUTH_OFF},
		{AT_LOGIN, 535, "5.7.139", "Authentication unsuccessful, basic authentication is disabled.", KNOWN, HINT_PASSWORDS_ENDED},
		{AT_LOGIN, 535, "5.7.139", "Authentication unsuccessful, the request did not meet the criteria to be authenticated successfully. Contact your administrator.", KNOWN, HINT_SECURITY_DEFAULTS},
		{AT_LOGIN, 535, "5.7.3", "Authentication unsuccessful [AM0PR02CA0001.eurprd02.prod.outlook.com]", KNOWN, HINT_PASSWORD},
		{AT_SENDER, 550, "5.7.30", "Basic authentication is not supported for Client Submission.", KNOWN, HINT_PASSWORDS_ENDED},
		{AT_LOGIN, 550, "5.7.30", "Basic authentication is not supported for Client Submission.", KNOWN, HINT_PASSWORDS_ENDED},
		{AT_LOGIN, 501, "5.5.127", "Invalid XOAUTH2 auth data - Token will expire soon", TOKEN, HINT_TOKEN_ENDS},
		{AT_LOGIN, 501, "5.5.127", "Invalid XOAUTH2 auth data - Token will expire soon", CLIENT, HINT_TOKEN_SHORT},
		{AT_LOGIN, 501, "5.5.127", "Invalid XOAUTH2 auth data - Token will expire soon", LOGIN, HINT_TOKEN_SHORT},
		{AT_LOGIN, 501, "5.5.124", "Invalid XOAUTH2 auth data - User address provided is not valid.", CLIENT, HINT_TOKEN_USER},
		{AT_LOGIN, 535, "5.7.139", "Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.", CLIENT, HINT_SMTP_AUTH_OFF},
		{AT_LOGIN, 535, "5.7.139", "Authentication unsuccessful, the request did not meet the criteria to be authenticated successfully. Contact your administrator.", CLIENT, HINT_TENANT_POLICY},
		{AT_END, 554, "5.2.252", "SendAsDenied; joe@example.net not allowed to send as me@example.net; STOREDRV.Submission.Exception:SendAsDeniedException", CLIENT, HINT_SENDER_CLIENT},
		{AT_SENDER, 550, "5.7.60", "SMTP; Client does not have permissions to send as this sender", CLIENT, HINT_SENDER_CLIENT},
		{AT_SENDER, 550, "5.7.60", "SMTP; Client does not have permissions to send as this sender", LOGIN, HINT_SENDER_MAILBOX},
		{AT_END, 430, "4.2.0", "STOREDRV; mailbox logon failure; STOREDRV.Submission.Exception:ConnectionFailedTransientException.MapiExceptionLogonFailed; Failed to process message due to a transient exception with message Cannot open mailbox.", CLIENT, HINT_MAILBOX_CLOSED},
		{AT_END, 554, "5.2.0", "STOREDRV.Submission.Exception:SendAsDeniedException.MapiExceptionSendAsDenied", CLIENT, HINT_SENDER_CLIENT},
		{AT_SENDER, 550, "5.7.708", "Service unavailable. Access denied, traffic not accepted from this IP.", KNOWN, HINT_TENANT_BLOCKED},
		{AT_END, 554, "5.2.252", "SendAsDenied; joe@example.net not allowed to send as me@example.net; STOREDRV.Submission.Exception:SendAsDeniedException", KNOWN, HINT_SENDER_MAILBOX},
		{AT_RECIPIENT, 550, "5.7.64", "TenantAttribution; Relay Access Denied [x.protection.outlook.com]", STRANGER, HINT_RELAYING},
		{AT_RECIPIENT, 550, "5.7.1", "Service unavailable, Client host [192.0.2.1] blocked using Spamhaus. To request removal from this list see https://www.spamhaus.org/lookup.lasso (AS16012609)", STRANGER, HINT_ADDRESS_BLOCKED},
		{AT_END, 550, "5.7.501", "Access denied, spam abuse detected from IP range.", STRANGER, HINT_CONTENT},
		/* Exchange on premises */
		{AT_SENDER, 530, "5.7.57", "SMTP; Client was not authenticated to send anonymous mail during MAIL FROM", STRANGER, HINT_WANTS_LOGIN},
		{AT_SENDER, 530, "5.7.1", "Client was not authenticated", STRANGER, HINT_WANTS_LOGIN},
		{AT_RECIPIENT, 550, "5.7.54", "SMTP; Unable to relay recipient in non-accepted domain", STRANGER, HINT_RELAYING},
		{AT_RECIPIENT, 550, "5.7.1", "Unable to relay", KNOWN, HINT_RELAYING_KNOWN},
		{AT_SENDER, 550, "5.7.60", "SMTP; Client does not have permissions to send as this sender", KNOWN, HINT_SENDER_MAILBOX},
		{AT_SENDER, 550, "5.7.1", "Client does not have permissions to send as this sender", KNOWN, HINT_SENDER_MAILBOX},
		/* Postfix, its policies, Zimbra */
		{AT_RECIPIENT, 554, "5.7.1", "<bob@example.org>: Recipient address rejected: Access denied", STRANGER, NO_HINT},
		{AT_RECIPIENT, 554, "5.7.1", "<vm[192.0.2.1]>: Client host rejected: Access denied", STRANGER, HINT_RELAYING},
		{AT_RECIPIENT, 553, "5.7.1", "<a@example.net>: Sender address rejected: not logged in", STRANGER, HINT_SENDER_LOGIN},
		{AT_RECIPIENT, 553, "5.7.1", "<a@example.net>: Sender address rejected: not owned by user joe@example.net", KNOWN, HINT_SENDER_OF_USER},
		{AT_RECIPIENT, 450, "4.7.25", "Client host rejected: cannot find your reverse hostname, [192.0.2.1]", STRANGER, HINT_ADDRESS_NAME},
		{AT_SENDER, 530, "5.7.0", "Must issue a STARTTLS command first", STRANGER, HINT_WANTS_TLS},
		{AT_RECIPIENT, 550, "5.1.0", "<root@vm>: Sender address rejected: User unknown in virtual mailbox table", STRANGER, HINT_SENDER_UNKNOWN},
		/* Exim, Sendmail, qmail */
		{AT_RECIPIENT, 550, "", "relay not permitted", STRANGER, HINT_RELAYING},
		{AT_RECIPIENT, 550, "", "Sender verify failed", STRANGER, HINT_SENDER_UNKNOWN},
		{AT_RECIPIENT, 550, "", "relay not permitted, authentication required", STRANGER, HINT_RELAYING},
		{AT_SENDER, 553, "5.1.8", "<root@vm>... Domain of sender address root@vm does not exist", STRANGER, HINT_SENDER_UNKNOWN},
		{AT_SENDER, 553, "5.5.4", "<root>... Domain name required for sender address root", STRANGER, HINT_SENDER_FULL},
		{AT_RECIPIENT, 550, "5.7.1", "<bob@example.org>... Relaying denied. Proper authentication required.", STRANGER, HINT_RELAYING},
		{AT_RECIPIENT, 553, "", "sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)", STRANGER, HINT_RELAYING},
		/* Proofpoint, Mimecast, Barracuda */
		{AT_RECIPIENT, 550, "5.7.1", "Relaying denied", STRANGER, HINT_RELAYING},
		{AT_GREETING, 554, "5.7.1", "Blocked - see https://ipcheck.proofpoint.com/?ip=192.0.2.1", STRANGER, HINT_ADDRESS_BLOCKED},
		{AT_RECIPIENT, 554, "", "Email rejected due to security policies - MCSpamSignature.x", STRANGER, NO_HINT},
		{AT_RECIPIENT, 550, "", "Submitted user not authorized to send on behalf of sender", KNOWN, HINT_SENDER_OF_USER},
		{AT_SENDER, 554, "", "Service unavailable; Client host [192.0.2.1] blocked using Barracuda Reputation; http://www.barracudanetworks.com/reputation/", STRANGER, HINT_ADDRESS_BLOCKED},
		/* Yahoo, iCloud, Zoho, Yandex */
		{AT_LOGIN, 535, "5.7.0", "(#AUTH005) Too many bad auth attempts.", KNOWN, HINT_ACCOUNT_LOCKED},
		{AT_LOGIN, 535, "5.7.0", "(#MBR1212) Incorrect username or password", KNOWN, HINT_PASSWORD},
		{AT_LOGIN, 535, "5.7.8", "Error: authentication failed: UGFzc3dvcmQ6", KNOWN, HINT_PASSWORD},
		{AT_LOGIN, 535, "5.7.8", "Error: authentication failed: This user does not have access rights to this service", KNOWN, HINT_LOGIN_SWITCHED_OFF},
		{AT_SENDER, 553, "5.7.1", "Sender address rejected: not owned by auth user.", KNOWN, HINT_SENDER_OF_USER},
		{AT_END, 553, "", "Relaying disallowed as me@example.net", KNOWN, HINT_SENDER_OF_USER},
		{AT_SENDER, 550, "5.7.0", "From address is not one of your addresses.", KNOWN, HINT_SENDER_OF_USER},
		{AT_END, 550, "", "Request failed; Mailbox unavailable. From address is not one of your addresses", KNOWN, HINT_SENDER_OF_USER},
		/* GMX, WEB.DE, IONOS, Strato, OVH */
		{AT_SENDER, 550, "", "Requested action not taken: mailbox unavailable Sender address is not allowed.", KNOWN, HINT_SENDER_OF_USER},
		{AT_LOGIN, 535, "", "Authentication credentials invalid", KNOWN, HINT_PASSWORD},
		{AT_GREETING, 554, "", "Transaction failed Bad DNS PTR resource record.", STRANGER, HINT_ADDRESS_NAME},
		{AT_END, 554, "", "Transaction failed Reject due to policy restrictions.", KNOWN, HINT_CONTENT},
		{AT_LOGIN, 535, "5.7.8", "Error: authentication failed: authentication failure", KNOWN, HINT_PASSWORD},
		{AT_SENDER, 550, "5.7.1", "Sender address not allowed", KNOWN, HINT_SENDER_OF_USER},
		/* SES, SendGrid, Mailgun, Brevo, Mailjet */
		{AT_LOGIN, 535, "", "Authentication Credentials Invalid", KNOWN, HINT_PASSWORD},
		{AT_END, 554, "", "Message rejected: Email address is not verified. The following identities failed the check in region US-EAST-1: me@example.net", KNOWN, HINT_SENDER_VERIFY},
		{AT_END, 550, "", "The from address does not match a verified Sender Identity. Mail cannot be sent until this error is resolved.", KNOWN, HINT_SENDER_VERIFY},
		{AT_LOGIN, 535, "", "Authentication failed: Bad username / password", KNOWN, HINT_LOGIN_KEY},
		{AT_LOGIN, 535, "", "Authentication failed: The provided authorization grant is invalid, expired, or revoked", KNOWN, HINT_PASSWORD},
		{AT_END, 550, "5.7.1", "Relaying denied", KNOWN, HINT_RELAYING_KNOWN},
		{AT_END, 421, "", "Domain example.net is not allowed to send: The domain is unverified and requires DNS configuration.", KNOWN, HINT_SENDER_VERIFY},
		{AT_LOGIN, 525, "5.7.1", "Unauthorized IP address", KNOWN, HINT_LOGIN_ADDRESS},
		{AT_LOGIN, 535, "5.7.8", "Authentication failed", KNOWN, HINT_PASSWORD},
		{AT_RECIPIENT, 502, "5.7.0", "Your SMTP account is not yet activated.", KNOWN, HINT_PROVIDER_ACCOUNT},
		{AT_END, 550, "", "Unauthenticated senders not allowed", STRANGER, HINT_RELAYING},
	};

	(void)state;
	try_rows(rows, ROWS(rows));
}

static void test_a_hint_names_the_user_the_name_and_the_relay(void **state)
{
	static const struct {
		struct failure f;
		const char *says;
	} rows[] = {
		{{.stage = AT_SENDER, .code = 550, .text = "Helo command rejected", .ehlo = "vm", .relay = "r.test:25"}, "the name \"vm\""},
		{{.stage = AT_SENDER, .code = 553, .text = "not owned by user joe", .user = "joe", .relay = "r.test:25"}, "joe may not send"},
		{{.stage = AT_RECIPIENT, .code = 554, .text = "Relay access denied", .user = "joe", .relay = "[::1]:25"}, "yet [::1] relays nothing"},
		{{.stage = AT_LOGIN, .code = 535, .enhanced = "5.7.8", .user = "joe", .token = TOKEN_OF_LOGIN, .account = "work"}, "not good for joe: is oauth_scope this relay's, and has that very user logged in? mysend --login -a work"},
		{{.stage = AT_RECIPIENT, .code = 554, .text = "Relay access denied", .user = "joe", .relay = "/run/s"}, "yet /run/s relays nothing"},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct failure f = rows[i].f;

		hint_add(&f);
		assert_non_null(strstr(f.hint, rows[i].says));
	}
}

/* A hint that says "off" is about nothing but TLS that is not there, or a login that is not wanted. */
static void test_no_answer_leads_to_less_security(void **state)
{
	static const char *const texts[] = {"no", "TLS", "helo", "sender", "blocked", "authentication required", "certificate", "relay", "encrypt", ""};

	(void)state;
	for (int at = AT_RESOLVE; at <= AT_END; at++)
		for (int code = 500; code < 560; code++)
			for (size_t i = 0; i < ROWS(texts); i++) {
				struct failure f = {.stage = (enum stage)at, .code = code};

				snprintf(f.text, sizeof f.text, "%s", texts[i]);
				hint_add(&f);
				assert_null(strstr(f.hint, "tls off"));
				assert_null(strstr(f.hint, "tls_certcheck"));
			}
}

static void test_who_knew_better_keeps_his_hint(void **state)
{
	struct failure f = {.stage = AT_LOGIN, .code = 535};

	(void)state;
	failure_hint(&f, HINT_WANTS_TLS);
	hint_add(&f);
	assert_int_equal(f.hint_id, HINT_WANTS_TLS);
}

static void test_hint_alone_is_printable_and_leaves_the_failure_as_it_is(void **state)
{
	struct failure f = {.stage = AT_CONNECT, .exit = EX_TEMPFAIL, .text = "Connection refused"}, odd = {.stage = AT_INPUT, .hint = "a\nb"}, none = {.stage = AT_INPUT};
	struct arena in = {.block = NULL};

	(void)state;
	assert_non_null(strstr(hint_of(&in, &f), "nothing listens there"));
	assert_string_equal(f.hint, "");
	assert_string_equal(hint_of(&in, &odd), "a\\x0ab");
	assert_string_equal(hint_of(&in, &none), "");
	assert_string_equal(hint_of(&in, NULL), "");
	arena_free(&in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_failure_that_is_known_by_its_answer_gets_its_hint_and_no_other),
		cmocka_unit_test(test_what_providers_say_leads_to_the_setting_that_mends_it),
		cmocka_unit_test(test_a_hint_names_the_user_the_name_and_the_relay),
		cmocka_unit_test(test_no_answer_leads_to_less_security),
		cmocka_unit_test(test_who_knew_better_keeps_his_hint),
		cmocka_unit_test(test_hint_alone_is_printable_and_leaves_the_failure_as_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
