#include "unit.h"

#include <stdio.h>

#include "conf/providers.h"

static void is(const struct provider *p, const char *name, const char *asked)
{
	char said[100], wanted[100];

	snprintf(said, sizeof said, "%s is of %s", asked, p ? p->name : "none");
	snprintf(wanted, sizeof wanted, "%s is of %s", asked, name ? name : "none");
	assert_string_equal(said, wanted);
}

static void test_provider_is_known_by_the_domain(void **state)
{
	static const struct { const char *domain, *name; } rows[] = {
		{"gmail.com", "Gmail"}, {"GMAIL.COM", "Gmail"}, {"googlemail.com", "Gmail"}, {"mail.gmail.com", NULL}, {"gmail.com.example", NULL},
		{"hotmail.co.uk", "Outlook.com"}, {"outlook.de", "Outlook.com"}, {"live.nl", "Outlook.com"}, {"contoso.onmicrosoft.com", "Microsoft 365"},
		{"yahoo.com", "Yahoo"}, {"yahoo.co.jp", "Yahoo"}, {"yahoo.com.br", "Yahoo"}, {"yahoo.evil.example", NULL}, {"aol.com", "AOL"},
		{"me.com", "iCloud"}, {"gmx.de", "GMX"}, {"gmx.com", "GMX"}, {"web.de", "WEB.DE"}, {"t-online.de", "Telekom"}, {"fastmail.fm", "Fastmail"},
		{"posteo.net", "Posteo"}, {"mailbox.org", "mailbox.org"}, {"proton.me", "Proton, by its bridge"}, {"zoho.eu", "Zoho"}, {"ya.ru", "Yandex"},
		{"bk.ru", "Mail.ru"}, {"free.fr", "Free"}, {"wanadoo.fr", "Orange"}, {"laposte.net", "La Poste"}, {"libero.it", "Libero"}, {"seznam.cz", "Seznam"},
		{"comcast.net", "Comcast"}, {"sbcglobal.net", "AT&T"}, {"example.org", NULL}, {"com", NULL}, {"", NULL}, {".", NULL}, {"..", NULL},
		{"yahoo.", NULL}, {".com", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++)
		is(provider_of_domain(rows[i].domain), rows[i].name, rows[i].domain);
}

static void test_provider_is_known_by_the_end_of_an_exchanger(void **state)
{
	static const struct { const char *host, *name; } rows[] = {
		{"aspmx.l.google.com", "Gmail"}, {"aspmx2.googlemail.com", "Gmail"}, {"smtp.google.com", "Gmail"}, {"google.com", "Gmail"},
		{"example-org.mail.protection.outlook.com", "Microsoft 365"}, {"in1-smtp.messagingengine.com", "Fastmail"},
		{"mx00.kundenserver.de", "IONOS"}, {"mx01.ionos.de", "IONOS"}, {"mx00.ionos.com", "IONOS"}, {"smtpin.rzone.de", "STRATO"}, {"mx1.mail.ovh.net", "OVH"},
		{"spool.mail.gandi.net", "Gandi"}, {"mta-gw.infomaniak.ch", "Infomaniak"}, {"www123.your-server.de", "Hetzner"}, {"mail.protonmail.ch", "Proton"},
		{"mx.zoho.eu", "Zoho"}, {"mx.yandex.net", "Yandex"}, {"mx01.mail.icloud.com", "iCloud"}, {"notgoogle.com", NULL}, {"mail.example.org", NULL}, {"", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++)
		is(provider_of_exchanger(rows[i].host), rows[i].name, rows[i].host);
}

static void test_provider_is_known_by_its_relay(void **state)
{
	static const struct { const char *host, *name; } rows[] = {
		{"smtp.gmail.com", "Gmail"}, {"SMTP.gmail.com", "Gmail"}, {"smtp.office365.com", "Microsoft 365"}, {"posteo.de", "Posteo"},
		{"email-smtp.eu-west-1.amazonaws.com", "Amazon SES"}, {"email-smtp.amazonaws.com", NULL}, {"smtp.sendgrid.net", "SendGrid"},
		{"smtp.eu.mailgun.org", "Mailgun"}, {"smtp-relay.brevo.com", "Brevo"}, {"smtp.postmarkapp.com", "Postmark"}, {"smtp.example.org", NULL},
		{"127.0.0.1", "Proton, by its bridge"}, {"", NULL}, {"gmail.com", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++)
		is(provider_of_host(rows[i].host), rows[i].name, rows[i].host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_provider_is_known_by_the_domain),
		cmocka_unit_test(test_provider_is_known_by_the_end_of_an_exchanger),
		cmocka_unit_test(test_provider_is_known_by_its_relay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
