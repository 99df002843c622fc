#!/bin/sh
# Makes the passwords of the compose file, once: what is there already stays as it is, since the services know it.
# Only the owner can enter the folder; the files in it can be read by the accounts inside the containers.
set -eu
umask 022
folder=$(dirname "$0")/secrets
mkdir -p "$folder"
chmod 700 "$folder"

# 48 hexadecimal digits: fit for a URL, a configuration file and a shell alike.
random() {
	od -An -N24 -tx1 /dev/urandom | tr -d ' \n'
}

# keep NAME TEXT: writes a file that is not there yet, whole or not at all.
keep() {
	[ -e "$folder/$1" ] && return
	printf '%s\n' "$2" >"$folder/$1.new"
	mv "$folder/$1.new" "$folder/$1"
	echo "made $folder/$1" >&2
}

password() {
	keep "$1" "$(random)"
	cat "$folder/$1"
}

postgres=$(password postgres-password)
keep database-url "postgres://songwalker:$postgres@postgres:5432/songwalker"

rabbitmq=$(random)
keep queue-url "amqp://songwalker:$rabbitmq@rabbitmq:5672/%2f"
rabbitmq=$(sed 's|^amqp://songwalker:\(.*\)@.*|\1|' "$folder/queue-url")
keep rabbitmq-account.conf "default_user = songwalker
default_pass = $rabbitmq"

redis=$(random)
keep redis-url "redis://:$redis@redis:6379/0"
redis=$(sed 's|^redis://:\(.*\)@.*|\1|' "$folder/redis-url")
# Rates and signals: nothing that is worth a disk. Keys that count requests end by themselves.
keep redis.conf "requirepass $redis
save \"\"
appendonly no
maxmemory 128mb
maxmemory-policy volatile-ttl"

keep s3-root-password "$(random)"
keep s3-secret-key "$(random)"
keep grafana-password "$(random)"
