# Completion of streamtui for bash: source it, or put it into a folder of bash-completion.
_streamtui() {
    local current="${COMP_WORDS[COMP_CWORD]}" option="${COMP_WORDS[COMP_CWORD-1]}" command="" is_value="" word
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        if [[ -n $is_value ]]; then is_value=""; continue; fi
        case "$word" in
            -m|--model|--base-url|--env-file|--data-dir|--temperature|--max-tokens|--system|--log|--resume|--prompt|-f|--file|-o|--output|-O|--option|--effort|--system-file|--title|--limit|--search|--format|--older-than|--host|--port|--token-file|--allow-host|--max-streams|--workers) is_value=yes ;;
            ask|list|show|export|import|rename|delete|backup|check|models|stats|serve|doctor|completion) command="$word"; break ;;
        esac
    done
    COMPREPLY=()
    # Bash takes --format=md for three words.
    if [[ $current == "=" ]]; then current=""
    elif [[ $option == "=" ]]; then option="${COMP_WORDS[COMP_CWORD-2]}"
    fi
    case "$command $option" in
        "export --format") COMPREPLY=($(compgen -W "md json html" -- "$current")); return ;;
        *" -m"|*" --model"|*" --base-url"|*" --env-file"|*" --data-dir"|*" --temperature"|*" --max-tokens"|*" --system"|*" --log"|*" --resume"|*" --prompt"|*" -f"|*" --file"|*" -o"|*" --output"|*" -O"|*" --option"|*" --effort"|*" --system-file"|*" --title"|*" --limit"|*" --search"|*" --format"|*" --older-than"|*" --host"|*" --port"|*" --token-file"|*" --allow-host"|*" --max-streams"|*" --workers") return ;;
    esac
    case "$command" in
        "") COMPREPLY=($(compgen -W "-h --help -m --model --base-url --env-file --data-dir --temperature --max-tokens --system --demo --insecure-http --log --version -c --continue --resume --no-save ask list show export import rename delete backup check models stats serve doctor completion" -- "$current")) ;;
        ask) COMPREPLY=($(compgen -W "-h --help -m --model --base-url --env-file --data-dir --temperature --max-tokens --system --demo --insecure-http --log --prompt -f --file --no-stdin --json --metrics --no-save --no-stream --raw --extract -o --output -O --option --effort --system-file --title --wait -c --continue --resume" -- "$current")) ;;
        list) COMPREPLY=($(compgen -W "-h --help -m --model --base-url --env-file --data-dir --temperature --max-tokens --system --demo --insecure-http --log --json --limit --search" -- "$current")) ;;
        show) COMPREPLY=($(compgen -W "-h --help -m --model --base-url --env-file --data-dir --temperature --max-tokens --system --demo --insecure-http --log" -- "$current")) ;;
        export) COMPREPLY=($(compgen -W "-h --help -m --model --base-url --env-file --data-dir --temperature --max-tokens --system --demo --insecure-http --log --format --all-branches -o --output" -- "$current")) ;;
        import) COMPREPLY=($(compgen -W "-h --help -m --model --base-url --env-file --data-dir --temperature --max-tokens --system --demo --insecure-http --log" -- "$current")) ;;
        rename) COMPREPLY=($(compgen -W "-h --help -m --model --base-url --env-file --data-dir --temperature --max-tokens --system --demo --insecure-http --log" -- "$current")) ;;
        delete) COMPREPLY=($(compgen -W "-h --help -m --model --base-url --env-file --data-dir --temperature --max-tokens --system --demo --insecure-http --log --older-than --yes" -- "$current")) ;;
        backup) COMPREPLY=($(compgen -W "-h --help -m --model --base-url --env-file --data-dir --temperature --max-tokens --system --demo --insecure-http --log" -- "$current")) ;;
        check) COMPREPLY=($(compgen -W "-h --help -m --model --base-url --env-file --data-dir --temperature --max-tokens --system --demo --insecure-http --log" -- "$current")) ;;
        models) COMPREPLY=($(compgen -W "-h --help -m --model --base-url --env-file --data-dir --temperature --max-tokens --system --demo --insecure-http --log --json" -- "$current")) ;;
        stats) COMPREPLY=($(compgen -W "-h --help -m --model --base-url --env-file --data-dir --temperature --max-tokens --system --demo --insecure-http --log --json" -- "$current")) ;;
        serve) COMPREPLY=($(compgen -W "-h --help -m --model --base-url --env-file --data-dir --temperature --max-tokens --system --demo --insecure-http --log --host --port --token-file --allow-host --max-streams --workers" -- "$current")) ;;
        doctor) COMPREPLY=($(compgen -W "-h --help -m --model --base-url --env-file --data-dir --temperature --max-tokens --system --demo --insecure-http --log --json" -- "$current")) ;;
        completion) COMPREPLY=($(compgen -W "-h --help -m --model --base-url --env-file --data-dir --temperature --max-tokens --system --demo --insecure-http --log bash zsh fish" -- "$current")) ;;
    esac
}
complete -o default -F _streamtui streamtui
