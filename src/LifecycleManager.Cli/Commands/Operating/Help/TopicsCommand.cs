using System.CommandLine;
using LifecycleManager.Cli.Configuration;
using LifecycleManager.Primitives.Text;

namespace LifecycleManager.Cli.Commands.Operating.Help;

/// <summary><c>lcm help</c>: what belongs to no command alone.</summary>
internal static class TopicsCommand
{
    /// <summary>Its name.</summary>
    public const string Name = "help";

    private static readonly SortedDictionary<string, (string What, string Text)> Topics = new(StringComparer.Ordinal)
    {
        ["exit-codes"] = ("what lcm's exit codes mean", """
              0  done
              1  it could not be done, or an option is wrong; one line on standard error says why
              2  something was found: a difference (app diff), a finding (doctor)
              3  a deployment that was waited for has failed, or was not done in the time that was given
              4  whether it was done is not known: the connection was lost, or no answer came in time
              5  the caller is not known (401), or may not do it (403)
              6  there is no such thing (404), or a name has several
              7  a deployment under way holds it (409)
              8  nobody answers, or nobody who can do it now (503)
             70  a role found a defect in itself: it is to be started again
            130  ended by a signal before it was done

            lcm policy has its own: 0 for good, 1 for something found, 2 for could not be done.
            """),
        ["output"] = ("formats, colors, pipes", """
            --output table   columns for people; at a terminal in its width, in a pipe each line whole
            --output json    as the role answers: for jq
            --output yaml    the same as YAML
            --output name    the names alone, a line each: for xargs

            Colors are for terminals alone, and NO_COLOR=1 ends them. What comes from outside is never written to a terminal
            as it is: escape sequences and control characters are shown by their number (\x1b). A pipe gets logs and files
            byte by byte.
            """),
        ["addresses"] = ("where the roles are, and who asks", """
            --scheduler, --master, --manager (LCM_SCHEDULER, ...) say where the roles are; of several, comma separated, the first
            that answers is asked. Without them the context in use counts (lcm context), else this machine's ports.
            --principal and --secret-file (LCM_PRINCIPAL, LCM_SECRET) say who asks. A secret is never an option's value.

              lcm context set prod --scheduler https://s1:8080,https://s2:8080 --master https://m1:5050
              lcm context use prod
            """),
        ["on-call"] = ("what to ask at night", """
              what is wrong                         lcm doctor
              which app crashes                     lcm app list; lcm why /shop/web
              what it wrote last                    lcm app logs web --ended --tail 50
              back to what worked                   lcm app rollback web
              a deployment that does not end        lcm deployment list; lcm deployment rollback ID
              why it waits for a place              lcm why web; lcm queue
              empty a machine                       lcm agent drain HOST; lcm agent resume HOST
              who scaled it                         lcm decision list --app /shop/web
              hold a policy                         lcm pause set /shop/web --for 2h
              another count for a while             lcm override set web 10 --until 2h; lcm override end web
              look around in it                     lcm app exec web -- sh
              no scaling for now                    lcm policy stop --reason "an incident"; lcm policy start
              not tonight                           lcm schedule skip nightly-batch
            """),
    };

    public static Command Create(Settings _)
    {
        var topic = new Argument<string?>("topic") { Description = "The topic", Arity = ArgumentArity.ZeroOrOne };
        var command = new Command(Name, "Explains a topic: " + string.Join(", ", Topics.Keys) + ".") { topic };
        return command.Does(async (parse, _) =>
        {
            var output = parse.InvocationConfiguration.Output;
            if (parse.GetValue(topic) is not { } name)
            {
                foreach (var (known, (what, _)) in Topics) await output.WriteLineAsync($"lcm help {known,-12}{what}");
                return;
            }

            if (!Topics.TryGetValue(name, out var found))
                throw new CliException(
                    $"no topic is '{name}'{NearestName.Hint(name, Topics.Keys)}; of commands 'lcm {name} --help' tells",
                    code: ExitStatus.NotFound);
            await output.WriteLineAsync(found.Text);
        }, "lcm help exit-codes", "lcm help on-call");
    }
}
