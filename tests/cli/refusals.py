"""How real relays refuse a token: reasons behind 334, and what stands behind Exchange's answers."""
GMAIL = '{"status":"400","schemes":"Bearer","scope":"https://mail.google.com/"}'
DOVECOT = '{"status":"invalid_token"}'
RFC = '{"status":"invalid_token","scope":"mail.send","openid-configuration":"https://id.example.net/.well-known/openid-configuration"}'
OFFICE = "[AM0PR02CA0001.eurprd02.prod.outlook.com 2026-11-30T06:00:00.000Z 08DD66EDEFB0DFDF]"
