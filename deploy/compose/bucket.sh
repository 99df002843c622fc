#!/bin/sh
# Makes the bucket and the account of the services, which may use that bucket and nothing else. Again is harmless.
set -eu
mc alias set --quiet store http://s3:9000 root "$(cat /run/secrets/s3-root-password)" >/dev/null
mc mb --quiet --ignore-existing store/songwalker
mc admin user add store songwalker "$(cat /run/secrets/s3-secret-key)" >/dev/null
mc admin policy create store songwalker /bucket-policy.json >/dev/null
mc admin policy attach store songwalker --user songwalker >/dev/null 2>&1 ||
	mc admin policy entities store --user songwalker | grep -q songwalker
echo "the bucket songwalker is there"
