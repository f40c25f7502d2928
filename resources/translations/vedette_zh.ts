<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="zh_CN" sourcelanguage="en">
 <context>
  <name>Vedette</name>
  <message>
   <source>any worker</source>
   <translation>任意工作节点</translation>
  </message>
  <message>
   <source>any worker with the tag “{tag}”</source>
   <translation>任意带有标签“{tag}”的工作节点</translation>
  </message>
  <message>
   <source>removed worker</source>
   <translation>已移除的工作节点</translation>
  </message>
  <message>
   <source>Name</source>
   <translation>名称</translation>
  </message>
  <message>
   <source>What it is called in this window.</source>
   <translation>在本窗口中显示的名称。</translation>
  </message>
  <message>
   <source> s</source>
   <translation> 秒</translation>
  </message>
  <message>
   <source>Check every</source>
   <translation>检测间隔</translation>
  </message>
  <message>
   <source>Seconds between two checks, from {least} to 1 h.</source>
   <translation>两次检测之间的秒数，从 {least} 到 1 小时。</translation>
  </message>
  <message>
   <source>Tags</source>
   <translation>标签</translation>
  </message>
  <message>
   <source>Separated by commas.</source>
   <translation>用逗号分隔。</translation>
  </message>
  <message>
   <source>Pinned to</source>
   <translation>固定到</translation>
  </message>
  <message>
   <source>Only there it is watched. Otherwise Vedette chooses, and moves it when a worker fails.</source>
   <translation>只在那里检测。不固定时由 Vedette 选择，并在工作节点失败时转移。</translation>
  </message>
  <message>
   <source>Give it a name.</source>
   <translation>请填写名称。</translation>
  </message>
  <message>
   <source>Add account</source>
   <translation>添加账号</translation>
  </message>
  <message>
   <source>No worker has said yet which platforms it can watch. They appear here as soon as one does.</source>
   <translation>还没有工作节点报告可检测的平台。一有报告，平台就会显示在这里。</translation>
  </message>
  <message>
   <source>Other platform</source>
   <translation>其他平台</translation>
  </message>
  <message>
   <source>Cancel</source>
   <translation>取消</translation>
  </message>
  <message>
   <source>Test</source>
   <translation>测试</translation>
  </message>
  <message>
   <source>Testing…</source>
   <translation>正在测试…</translation>
  </message>
  <message>
   <source>It works: {who}</source>
   <translation>测试通过：{who}</translation>
  </message>
  <message>
   <source>It works.</source>
   <translation>测试通过。</translation>
  </message>
  <message>
   <source>{name} is being watched.</source>
   <translation>已开始检测 {name}。</translation>
  </message>
  <message>
   <source>Which platform is it on?</source>
   <translation>账号在哪个平台上？</translation>
  </message>
  <message>
   <source>Allow and test again</source>
   <translation>允许并重新测试</translation>
  </message>
  <message>
   <source>Save anyway</source>
   <translation>仍然保存</translation>
  </message>
  <message>
   <source>Save</source>
   <translation>保存</translation>
  </message>
  <message>
   <source>Test it first.</source>
   <translation>请先测试。</translation>
  </message>
  <message>
   <source>Add remote worker</source>
   <translation>添加远程工作节点</translation>
  </message>
  <message>
   <source>A worker on another machine watches accounts for this computer.</source>
   <translation>另一台电脑上的工作节点替本机检测账号。</translation>
  </message>
  <message>
   <source>Type this on the other machine</source>
   <translation>在另一台电脑上输入</translation>
  </message>
  <message>
   <source>Or the code alone</source>
   <translation>或只用加入码</translation>
  </message>
  <message>
   <source>The code as a QR code</source>
   <translation>加入码的二维码</translation>
  </message>
  <message>
   <source>Cancel code</source>
   <translation>取消此码</translation>
  </message>
  <message>
   <source>New code</source>
   <translation>新的加入码</translation>
  </message>
  <message>
   <source>Close</source>
   <translation>关闭</translation>
  </message>
  <message>
   <source>{name} has joined and is online. It takes accounts from now on.</source>
   <translation>{name} 已加入并在线，现在开始接收账号。</translation>
  </message>
  <message>
   <source>The code has expired.</source>
   <translation>加入码已过期。</translation>
  </message>
  <message>
   <source>Good for one worker, for another {span}.</source>
   <translation>可供一个工作节点使用，剩余 {span}。</translation>
  </message>
  <message>
   <source>{name} has joined and is starting.</source>
   <translation>{name} 已加入，正在启动。</translation>
  </message>
  <message>
   <source>Waiting for the worker…</source>
   <translation>正在等待工作节点…</translation>
  </message>
  <message>
   <source>Back up</source>
   <translation>备份</translation>
  </message>
  <message>
   <source>Without it nobody can open the backup. Keep it apart from the file.</source>
   <translation>没有口令谁也打不开备份。请与文件分开保管。</translation>
  </message>
  <message>
   <source>Everything in one encrypted file. Watching goes on meanwhile.</source>
   <translation>全部内容存入一个加密文件。期间监控照常进行。</translation>
  </message>
  <message>
   <source>File</source>
   <translation>文件</translation>
  </message>
  <message>
   <source>Passphrase</source>
   <translation>口令</translation>
  </message>
  <message>
   <source>Passphrase once more</source>
   <translation>再次输入口令</translation>
  </message>
  <message>
   <source>Choose…</source>
   <translation>选择…</translation>
  </message>
  <message>
   <source>How far the backup is</source>
   <translation>备份进度</translation>
  </message>
  <message>
   <source>At least {n} characters.</source>
   <translation>至少 {n} 个字符。</translation>
  </message>
  <message>
   <source>The two passphrases differ.</source>
   <translation>两次输入的口令不一致。</translation>
  </message>
  <message>
   <source>Choose a file.</source>
   <translation>请选择文件。</translation>
  </message>
  <message>
   <source>{file} ({size}) was read back and is sound.</source>
   <translation>{file}（{size}）已读回核对，完好无损。</translation>
  </message>
  <message>
   <source>Keep its passphrase apart from it.</source>
   <translation>请将口令与文件分开保管。</translation>
  </message>
  <message>
   <source>Copying</source>
   <translation>正在复制</translation>
  </message>
  <message>
   <source>Writing</source>
   <translation>正在写入</translation>
  </message>
  <message>
   <source>Reading back</source>
   <translation>正在读回核对</translation>
  </message>
  <message>
   <source>{done} of {total}</source>
   <translation>{done} / {total}</translation>
  </message>
  <message>
   <source>The backup is written</source>
   <translation>备份已写入</translation>
  </message>
  <message>
   <source>The backup was cancelled. No file is left behind.</source>
   <translation>备份已取消，没有留下文件。</translation>
  </message>
  <message>
   <source>Beginning</source>
   <translation>正在开始</translation>
  </message>
  <message>
   <source>What could not be stored</source>
   <translation>未能保存的内容</translation>
  </message>
  <message>
   <source>Found by {worker}</source>
   <translation>由 {worker} 发现</translation>
  </message>
  <message>
   <source>It is nowhere else and cannot be brought back. “Copy as JSON” keeps it elsewhere.</source>
   <translation>它没有保存在别处，删除后无法恢复。可先用“复制为 JSON”另存。</translation>
  </message>
  <message>
   <source>Found by a worker, refused by the database. Nothing else was held up by it, and nothing is lost yet.</source>
   <translation>由工作节点发现，但数据库未能接收。其他内容不受影响，目前也没有丢失任何东西。</translation>
  </message>
  <message>
   <source>What could not be stored, newest first</source>
   <translation>未能保存的内容，最新的在前</translation>
  </message>
  <message>
   <source>Try again</source>
   <translation>重试</translation>
  </message>
  <message>
   <source>Store it after all, if the reason is gone</source>
   <translation>如果原因已消除，则重新保存</translation>
  </message>
  <message>
   <source>Copy as JSON</source>
   <translation>复制为 JSON</translation>
  </message>
  <message>
   <source>Delete</source>
   <translation>删除</translation>
  </message>
  <message>
   <source>Delete it for good; asks first</source>
   <translation>永久删除，删除前会确认</translation>
  </message>
  <message>
   <source>Everything could be stored</source>
   <translation>全部内容都已保存</translation>
  </message>
  <message>
   <source>Whatever cannot be stored appears here.</source>
   <translation>无法保存的内容会显示在这里。</translation>
  </message>
  <message>
   <source>Delete it for good?</source>
   <translation>永久删除？</translation>
  </message>
  <message>
   <source>Copied.</source>
   <translation>已复制。</translation>
  </message>
  <message>
   <source>When</source>
   <translation>时间</translation>
  </message>
  <message>
   <source>What</source>
   <translation>内容</translation>
  </message>
  <message>
   <source>Account</source>
   <translation>账号</translation>
  </message>
  <message>
   <source>Why</source>
   <translation>原因</translation>
  </message>
  <message>
   <source>It still cannot be stored.</source>
   <translation>仍然无法保存。</translation>
  </message>
  <message>
   <source>It was deleted.</source>
   <translation>已删除。</translation>
  </message>
  <message>
   <source>It is stored now.</source>
   <translation>已保存。</translation>
  </message>
  <message>
   <source>Edit account</source>
   <translation>编辑账号</translation>
  </message>
  <message>
   <source>Credentials are kept sealed and never shown. Leave them empty to keep them.</source>
   <translation>凭据加密保存，不会再显示。留空则保持不变。</translation>
  </message>
  <message>
   <source>{name} was changed.</source>
   <translation>已修改 {name}。</translation>
  </message>
  <message>
   <source>Edit worker</source>
   <translation>编辑工作节点</translation>
  </message>
  <message>
   <source>Capacity</source>
   <translation>容量</translation>
  </message>
  <message>
   <source>How many accounts it may watch at most.</source>
   <translation>最多可检测的账号数。</translation>
  </message>
  <message>
   <source>Separated by commas. An account can be pinned to a tag.</source>
   <translation>用逗号分隔。账号可以固定到标签。</translation>
  </message>
  <message>
   <source>Search</source>
   <translation>搜索</translation>
  </message>
  <message>
   <source>Loading…</source>
   <translation>正在加载…</translation>
  </message>
  <message>
   <source>Clear search</source>
   <translation>清除搜索</translation>
  </message>
  <message>
   <source>Nothing found</source>
   <translation>没有找到</translation>
  </message>
  <message>
   <source>New API token</source>
   <translation>新建 API 令牌</translation>
  </message>
  <message>
   <source>For a script or a device. It may use REST and live events; a worker needs a join code instead.</source>
   <translation>供脚本或设备使用，可访问 REST 和实时事件；工作节点则需要加入码。</translation>
  </message>
  <message>
   <source>Whose it is: the journal names it.</source>
   <translation>写明归谁所有：日志会记录这个名称。</translation>
  </message>
  <message>
   <source>Valid for</source>
   <translation>有效期</translation>
  </message>
  <message>
   <source>The token</source>
   <translation>令牌</translation>
  </message>
  <message>
   <source>Send it as “Authorization: Bearer …”, never in an address.</source>
   <translation>请以 “Authorization: Bearer …” 发送，切勿放在网址中。</translation>
  </message>
  <message>
   <source>Create</source>
   <translation>创建</translation>
  </message>
  <message>
   <source>Copy</source>
   <translation>复制</translation>
  </message>
  <message>
   <source>It is shown this once: copy it now. Whoever has it may do what it may.</source>
   <translation>令牌只显示这一次，请立即复制。持有者即拥有它的全部权限。</translation>
  </message>
  <message>
   <source>Sees detections, accounts and workers, and changes nothing.</source>
   <translation>可查看检测动态、账号和工作节点，不能做任何更改。</translation>
  </message>
  <message>
   <source>Also marks detections and changes accounts. It reads no password.</source>
   <translation>还可标记检测动态、更改账号，但读不到任何密码。</translation>
  </message>
  <message>
   <source>May do everything, even make tokens and let workers in.</source>
   <translation>可执行一切操作，包括创建令牌和接入工作节点。</translation>
  </message>
  <message>
   <source>Rights</source>
   <translation>权限</translation>
  </message>
  <message>
   <source>Read</source>
   <translation>只读</translation>
  </message>
  <message>
   <source>Operate</source>
   <translation>操作</translation>
  </message>
  <message>
   <source>Administer</source>
   <translation>管理</translation>
  </message>
  <message>
   <source>{n} day</source>
   <translation>{n} 天</translation>
  </message>
  <message>
   <source>{n} days</source>
   <translation>{n} 天</translation>
  </message>
  <message>
   <source>until it is revoked</source>
   <translation>直到被吊销</translation>
  </message>
  <message>
   <source>Its {n} account moves to another worker: at once if it lets go, otherwise when it can no longer act.</source>
   <translation>它的 {n} 个账号会转给其他工作节点：它若放手则立即转移，否则等它无法再工作时转移。</translation>
  </message>
  <message>
   <source>Its {n} accounts move to other workers: at once if it lets go, otherwise when it can no longer act.</source>
   <translation>它的 {n} 个账号会转给其他工作节点：它若放手则立即转移，否则等它无法再工作时转移。</translation>
  </message>
  <message>
   <source>It is cut off within a second, and its key lets it in no more.</source>
   <translation>它会在一秒内断开，它的密钥不再有效。</translation>
  </message>
  <message>
   <source>To bring the machine back, have it join again with a new code.</source>
   <translation>要让那台电脑回来，请用新的加入码重新加入。</translation>
  </message>
  <message>
   <source>Revoke {name}?</source>
   <translation>吊销 {name}？</translation>
  </message>
  <message>
   <source>Revoke</source>
   <translation>吊销</translation>
  </message>
  <message>
   <source>What happened</source>
   <translation>经过</translation>
  </message>
  <message>
   <source>What happened, newest first</source>
   <translation>发生了什么，最新的在前</translation>
  </message>
  <message>
   <source>Copy request id</source>
   <translation>复制请求编号</translation>
  </message>
  <message>
   <source>It finds everything about this in the logs</source>
   <translation>可用它在日志中找到相关的一切</translation>
  </message>
  <message>
   <source>Copy line</source>
   <translation>复制此行</translation>
  </message>
  <message>
   <source>Request {id}</source>
   <translation>请求 {id}</translation>
  </message>
  <message>
   <source>Nothing happened yet</source>
   <translation>还没有发生什么</translation>
  </message>
  <message>
   <source>What happens is written down here and kept for 90 days.</source>
   <translation>发生的事会记录在这里，保留 90 天。</translation>
  </message>
  <message>
   <source>What and why</source>
   <translation>事件与原因</translation>
  </message>
  <message>
   <source>With</source>
   <translation>相关</translation>
  </message>
  <message>
   <source>Request</source>
   <translation>请求</translation>
  </message>
  <message>
   <source>Between {since} and {until} nothing was watched on {n} account: {why}.</source>
   <translation>{since} 到 {until} 之间，{n} 个账号无人监控：{why}。</translation>
  </message>
  <message>
   <source>Between {since} and {until} nothing was watched on {n} accounts: {why}.</source>
   <translation>{since} 到 {until} 之间，{n} 个账号无人监控：{why}。</translation>
  </message>
  <message>
   <source>On {n} account it cannot be known whether something was missed.</source>
   <translation>其中 {n} 个账号是否有遗漏，无法得知。</translation>
  </message>
  <message>
   <source>On {n} accounts it cannot be known whether something was missed.</source>
   <translation>其中 {n} 个账号是否有遗漏，无法得知。</translation>
  </message>
  <message>
   <source>Between {since} and {until} nothing was watched: {why}.</source>
   <translation>{since} 到 {until} 之间无人监控：{why}。</translation>
  </message>
  <message>
   <source>Whether something was missed cannot be known: {why}.</source>
   <translation>是否有遗漏无法得知：{why}。</translation>
  </message>
  <message>
   <source>Not watched {since} – {until}</source>
   <translation>{since} – {until} 无人监控</translation>
  </message>
  <message>
   <source>{n} item was caught up.</source>
   <translation>补上了 {n} 条内容。</translation>
  </message>
  <message>
   <source>{n} items were caught up.</source>
   <translation>补上了 {n} 条内容。</translation>
  </message>
  <message>
   <source>Nothing has been watched since {since}: {why}.</source>
   <translation>{since} 起一直无人监控：{why}。</translation>
  </message>
  <message>
   <source>Between {since} and {until} something may have been missed: {why}.</source>
   <translation>{since} 到 {until} 之间可能有遗漏：{why}。</translation>
  </message>
  <message>
   <source>Not watched since {since}</source>
   <translation>{since} 起无人监控</translation>
  </message>
  <message>
   <source>Something may have been missed</source>
   <translation>可能有遗漏</translation>
  </message>
  <message>
   <source>Nothing had come in meanwhile.</source>
   <translation>期间没有新内容。</translation>
  </message>
  <message>
   <source>tried again in {span}</source>
   <translation>{span}后重试</translation>
  </message>
  <message>
   <source>items: {n}</source>
   <translation>条数：{n}</translation>
  </message>
  <message>
   <source>detections: {n}</source>
   <translation>检测结果：{n}</translation>
  </message>
  <message>
   <source>Interval</source>
   <translation>间隔</translation>
  </message>
  <message>
   <source>Settings</source>
   <translation>设置</translation>
  </message>
  <message>
   <source>Credentials</source>
   <translation>凭据</translation>
  </message>
  <message>
   <source>{online} of {n} worker online</source>
   <translation>{n} 个工作节点中 {online} 个在线</translation>
  </message>
  <message>
   <source>{online} of {n} workers online</source>
   <translation>{n} 个工作节点中 {online} 个在线</translation>
  </message>
  <message>
   <source>This computer slept or was busy for {seconds} s. Nothing was watched meanwhile; workers were given time.</source>
   <translation>本机休眠或繁忙了 {seconds} 秒。其间没有进行检测；已给工作节点留出时间。</translation>
  </message>
  <message>
   <source>Sample shop</source>
   <translation>示例商店</translation>
  </message>
  <message>
   <source>Sample café</source>
   <translation>示例咖啡馆</translation>
  </message>
  <message>
   <source>Sample band</source>
   <translation>示例乐队</translation>
  </message>
  <message>
   <source>Master starting</source>
   <translation>主程序启动中</translation>
  </message>
  <message>
   <source>Master running</source>
   <translation>主程序运行中</translation>
  </message>
  <message>
   <source>Master closing</source>
   <translation>主程序关闭中</translation>
  </message>
  <message>
   <source>Master stopped</source>
   <translation>主程序已停止</translation>
  </message>
  <message>
   <source>{n} / min</source>
   <translation>{n} / 分钟</translation>
  </message>
  <message>
   <source>As the system</source>
   <translation>跟随系统</translation>
  </message>
  <message>
   <source>Light</source>
   <translation>浅色</translation>
  </message>
  <message>
   <source>Dark</source>
   <translation>深色</translation>
  </message>
  <message>
   <source>Detections</source>
   <translation>检测动态</translation>
  </message>
  <message>
   <source>Everything your accounts received, newest first</source>
   <translation>账号收到的全部内容，最新在前</translation>
  </message>
  <message>
   <source>Accounts</source>
   <translation>账号</translation>
  </message>
  <message>
   <source>What is watched, how often, and how it fares</source>
   <translation>检测哪些账号、多久一次、状况如何</translation>
  </message>
  <message>
   <source>Workers</source>
   <translation>工作节点</translation>
  </message>
  <message>
   <source>Live health of everything that watches accounts</source>
   <translation>所有检测账号的工作节点的实时状况</translation>
  </message>
  <message>
   <source>Keys and backups, and who else may come in</source>
   <translation>密钥、备份，以及还有谁可以进入</translation>
  </message>
  <message>
   <source>The master is not running.</source>
   <translation>主程序没有运行。</translation>
  </message>
  <message>
   <source>No account is being watched. {why}</source>
   <translation>目前没有检测任何账号。{why}</translation>
  </message>
  <message>
   <source>Start it again. If it ends again, the log says more.</source>
   <translation>请重新启动；如果再次退出，请查看日志。</translation>
  </message>
  <message>
   <source>What was found is being stored. This takes a few seconds at most.</source>
   <translation>正在保存检测结果，最多几秒钟。</translation>
  </message>
  <message>
   <source>The window is ready; accounts follow in a moment.</source>
   <translation>窗口已就绪，账号马上就到。</translation>
  </message>
  <message>
   <source>The sample accounts were removed.</source>
   <translation>示例账号已移除。</translation>
  </message>
  <message>
   <source>Start again</source>
   <translation>重新启动</translation>
  </message>
  <message>
   <source>Closing…</source>
   <translation>正在关闭…</translation>
  </message>
  <message>
   <source>Starting the master…</source>
   <translation>正在启动主程序…</translation>
  </message>
  <message>
   <source>deleted account</source>
   <translation>已删除的账号</translation>
  </message>
  <message>
   <source>{name} was deleted. It can be restored for 30 days.</source>
   <translation>已删除 {name}，30 天内可以恢复。</translation>
  </message>
  <message>
   <source>{name} is being checked.</source>
   <translation>正在检测 {name}。</translation>
  </message>
  <message>
   <source>Status</source>
   <translation>状态</translation>
  </message>
  <message>
   <source>Worker</source>
   <translation>工作节点</translation>
  </message>
  <message>
   <source>Next check</source>
   <translation>下次检测</translation>
  </message>
  <message>
   <source>Unread</source>
   <translation>未读</translation>
  </message>
  <message>
   <source>Last problem</source>
   <translation>最近的问题</translation>
  </message>
  <message>
   <source>{n} account</source>
   <translation>{n} 个账号</translation>
  </message>
  <message>
   <source>{n} accounts</source>
   <translation>{n} 个账号</translation>
  </message>
  <message>
   <source>Loading accounts…</source>
   <translation>正在加载账号…</translation>
  </message>
  <message>
   <source>Add the accounts you want to keep an eye on: a feed, a mailbox, a social profile.</source>
   <translation>添加您想关注的账号：订阅源、邮箱或社交账号。</translation>
  </message>
  <message>
   <source>No accounts yet</source>
   <translation>还没有账号</translation>
  </message>
  <message>
   <source>Detections, newest first</source>
   <translation>检测动态，最新在前</translation>
  </message>
  <message>
   <source>Marked {n} detection as read.</source>
   <translation>已将 {n} 条动态标为已读。</translation>
  </message>
  <message>
   <source>Marked {n} detections as read.</source>
   <translation>已将 {n} 条动态标为已读。</translation>
  </message>
  <message>
   <source>{n} new detection</source>
   <translation>{n} 条新动态</translation>
  </message>
  <message>
   <source>{n} new detections</source>
   <translation>{n} 条新动态</translation>
  </message>
  <message>
   <source>No detection contains “{words}”. Fewer or shorter words find more.</source>
   <translation>没有包含“{words}”的动态。减少或缩短关键词可以找到更多。</translation>
  </message>
  <message>
   <source>Marked as not handled.</source>
   <translation>已标为未处理。</translation>
  </message>
  <message>
   <source>Marked as handled.</source>
   <translation>已标为已处理。</translation>
  </message>
  <message>
   <source>Everything is read already.</source>
   <translation>全部都已读。</translation>
  </message>
  <message>
   <source>Searching…</source>
   <translation>正在搜索…</translation>
  </message>
  <message>
   <source>Loading detections…</source>
   <translation>正在加载动态…</translation>
  </message>
  <message>
   <source>All read</source>
   <translation>全部已读</translation>
  </message>
  <message>
   <source>New detections appear here by themselves.</source>
   <translation>新动态会自动显示在这里。</translation>
  </message>
  <message>
   <source>What your accounts receive appears here as soon as a worker watches them.</source>
   <translation>一有工作节点检测，账号收到的内容就会显示在这里。</translation>
  </message>
  <message>
   <source>Show everything</source>
   <translation>显示全部</translation>
  </message>
  <message>
   <source>Nothing here</source>
   <translation>这里没有内容</translation>
  </message>
  <message>
   <source>No detection fits this filter.</source>
   <translation>没有符合筛选条件的动态。</translation>
  </message>
  <message>
   <source>Your accounts are being watched. What they receive appears here by itself.</source>
   <translation>正在检测您的账号，收到的内容会自动显示在这里。</translation>
  </message>
  <message>
   <source>No detections yet</source>
   <translation>还没有动态</translation>
  </message>
  <message>
   <source>Welcome to Vedette</source>
   <translation>欢迎使用 Vedette</translation>
  </message>
  <message>
   <source>Vedette watches your social and messaging accounts and shows every comment, mention and message.</source>
   <translation>Vedette 为您检测社交和通讯账号，每一条评论、提及和私信都会显示在这里。</translation>
  </message>
  <message>
   <source>Have a look first</source>
   <translation>先看一看</translation>
  </message>
  <message>
   <source>Three made-up accounts fill the window within seconds. One click removes them.</source>
   <translation>三个虚构的账号，几秒钟内就有内容，点一下即可移除。</translation>
  </message>
  <message>
   <source>Try it with sample accounts</source>
   <translation>用示例账号试一试</translation>
  </message>
  <message>
   <source>Start for real</source>
   <translation>正式开始</translation>
  </message>
  <message>
   <source>Add a feed, a mailbox or a social profile. It is tested before it is saved.</source>
   <translation>添加订阅源、邮箱或社交账号，保存前会先测试。</translation>
  </message>
  <message>
   <source>Add your first account</source>
   <translation>添加第一个账号</translation>
  </message>
  <message>
   <source>Everything stays on this computer. Credentials are sealed and never shown again.</source>
   <translation>所有内容都留在这台电脑上。凭据加密保存，不会再显示。</translation>
  </message>
  <message>
   <source>A worker is starting…</source>
   <translation>工作节点正在启动…</translation>
  </message>
  <message>
   <source>of {n} account</source>
   <translation>共 {n} 个账号</translation>
  </message>
  <message>
   <source>of {n} accounts</source>
   <translation>共 {n} 个账号</translation>
  </message>
  <message>
   <source>{n} unread</source>
   <translation>{n} 条未读</translation>
  </message>
  <message>
   <source>All workers</source>
   <translation>全部工作节点</translation>
  </message>
  <message>
   <source>Has a worker on another machine join this computer</source>
   <translation>让另一台电脑上的工作节点加入本机</translation>
  </message>
  <message>
   <source>Add worker</source>
   <translation>添加工作节点</translation>
  </message>
  <message>
   <source>Starts one more worker on this computer</source>
   <translation>在这台电脑上再启动一个工作节点</translation>
  </message>
  <message>
   <source>A worker is starting.</source>
   <translation>工作节点正在启动。</translation>
  </message>
  <message>
   <source>{name} is being restarted.</source>
   <translation>正在重启 {name}。</translation>
  </message>
  <message>
   <source>{name} was removed; its accounts move to other workers.</source>
   <translation>已移除 {name}，其账号将转到其他工作节点。</translation>
  </message>
  <message>
   <source>{n} not online</source>
   <translation>{n} 个不在线</translation>
  </message>
  <message>
   <source>CPU</source>
   <translation>CPU</translation>
  </message>
  <message>
   <source>Memory</source>
   <translation>内存</translation>
  </message>
  <message>
   <source>Heartbeat</source>
   <translation>心跳</translation>
  </message>
  <message>
   <source>Loop lag</source>
   <translation>循环延迟</translation>
  </message>
  <message>
   <source>Restarts</source>
   <translation>重启次数</translation>
  </message>
  <message>
   <source>Outbox</source>
   <translation>待发</translation>
  </message>
  <message>
   <source>Load</source>
   <translation>负载</translation>
  </message>
  <message>
   <source>{name} hands its accounts to other workers.</source>
   <translation>{name} 正在把账号转给其他工作节点。</translation>
  </message>
  <message>
   <source>Loading workers…</source>
   <translation>正在加载工作节点…</translation>
  </message>
  <message>
   <source>Accounts are watched by workers. Without one nothing is checked.</source>
   <translation>账号由工作节点检测，没有工作节点就不会检测。</translation>
  </message>
  <message>
   <source>all online</source>
   <translation>全部在线</translation>
  </message>
  <message>
   <source>Workers online</source>
   <translation>在线工作节点</translation>
  </message>
  <message>
   <source>Accounts watched</source>
   <translation>检测中的账号</translation>
  </message>
  <message>
   <source>Detections / min</source>
   <translation>每分钟动态</translation>
  </message>
  <message>
   <source>Median delay</source>
   <translation>延迟中位数</translation>
  </message>
  <message>
   <source>No workers</source>
   <translation>没有工作节点</translation>
  </message>
  <message>
   <source>That did not work.</source>
   <translation>操作没有成功。</translation>
  </message>
  <message>
   <source>Something went wrong inside Vedette; nothing was changed.</source>
   <translation>Vedette 内部出错，没有任何改动。</translation>
  </message>
  <message>
   <source>This address is private.</source>
   <translation>这是内网地址。</translation>
  </message>
  <message>
   <source>If the server is your own, tick “Allow private addresses” and test again.</source>
   <translation>如果是您自己的服务器，请勾选“允许内网地址”后重新测试。</translation>
  </message>
  <message>
   <source>The platform does not accept these credentials.</source>
   <translation>平台不接受这些凭据。</translation>
  </message>
  <message>
   <source>Check them for typing errors, or make new ones on the platform.</source>
   <translation>请检查是否输错，或在平台上重新生成。</translation>
  </message>
  <message>
   <source>The server cannot be reached.</source>
   <translation>无法连接到服务器。</translation>
  </message>
  <message>
   <source>Check the address and your connection, then test again.</source>
   <translation>请检查地址和网络，然后重新测试。</translation>
  </message>
  <message>
   <source>The platform asks us to slow down.</source>
   <translation>平台要求降低频率。</translation>
  </message>
  <message>
   <source>Wait a few minutes, then test again.</source>
   <translation>请等几分钟再测试。</translation>
  </message>
  <message>
   <source>The answer is not what this platform documents.</source>
   <translation>返回的内容与平台文档不符。</translation>
  </message>
  <message>
   <source>Check that the address is the right kind of server.</source>
   <translation>请确认地址对应的是正确类型的服务器。</translation>
  </message>
  <message>
   <source>Somebody changed this meanwhile.</source>
   <translation>期间已被其他人修改。</translation>
  </message>
  <message>
   <source>Open it again and repeat your change.</source>
   <translation>请重新打开并再次修改。</translation>
  </message>
  <message>
   <source>No worker watches this account yet.</source>
   <translation>还没有工作节点检测此账号。</translation>
  </message>
  <message>
   <source>It is checked as soon as a worker takes it.</source>
   <translation>一有工作节点接手就会检测。</translation>
  </message>
  <message>
   <source>The key could not be changed.</source>
   <translation>密钥未能更换。</translation>
  </message>
  <message>
   <source>The one before stays in use. Mend that, then try again.</source>
   <translation>原来的密钥继续使用。请先解决该问题，然后重试。</translation>
  </message>
  <message>
   <source>The backup could not be written.</source>
   <translation>备份未能写入。</translation>
  </message>
  <message>
   <source>No file is left behind. Mend that, then try again.</source>
   <translation>没有留下文件。请先解决该问题，然后重试。</translation>
  </message>
  <message>
   <source>The account is paused.</source>
   <translation>账号已暂停。</translation>
  </message>
  <message>
   <source>Resume it first.</source>
   <translation>请先恢复。</translation>
  </message>
  <message>
   <source>This computer runs as many workers as it may.</source>
   <translation>这台电脑上的工作节点已达上限。</translation>
  </message>
  <message>
   <source>Remove one first.</source>
   <translation>请先移除一个。</translation>
  </message>
  <message>
   <source>Workers from other machines are not accepted.</source>
   <translation>尚未接受其他电脑上的工作节点。</translation>
  </message>
  <message>
   <source>Switch that on first.</source>
   <translation>请先打开。</translation>
  </message>
  <message>
   <source>No other machine could reach this computer.</source>
   <translation>其他电脑无法访问本机。</translation>
  </message>
  <message>
   <source>Connect it to a network.</source>
   <translation>请连接网络。</translation>
  </message>
  <message>
   <source>This was set when Vedette was started.</source>
   <translation>这是启动 Vedette 时设定的。</translation>
  </message>
  <message>
   <source>It is not there any more.</source>
   <translation>它已不存在。</translation>
  </message>
  <message>
   <source>Not right now.</source>
   <translation>暂时无法操作。</translation>
  </message>
  <message>
   <source>Try again when a worker is online.</source>
   <translation>请在有工作节点在线时重试。</translation>
  </message>
  <message>
   <source>The test failed.</source>
   <translation>测试失败。</translation>
  </message>
  <message>
   <source>Check what you entered, then test again.</source>
   <translation>请检查输入的内容，然后重新测试。</translation>
  </message>
  <message>
   <source>That cannot be done.</source>
   <translation>无法完成此操作。</translation>
  </message>
  <message>
   <source>Try again. If it stays, look for {id} in the log.</source>
   <translation>请重试。如果问题依旧，请在日志中查找 {id}。</translation>
  </message>
  <message>
   <source>Try again.</source>
   <translation>请重试。</translation>
  </message>
  <message>
   <source>no worker is online</source>
   <translation>没有在线的工作节点</translation>
  </message>
  <message>
   <source>no worker offers {platform}</source>
   <translation>没有支持 {platform} 的工作节点</translation>
  </message>
  <message>
   <source>all workers are full</source>
   <translation>所有工作节点都已满</translation>
  </message>
  <message>
   <source>the assignment could not be saved; trying again</source>
   <translation>分配未能保存，正在重试</translation>
  </message>
  <message>
   <source>no worker has the tag “{tag}”</source>
   <translation>没有带标签“{tag}”的工作节点</translation>
  </message>
  <message>
   <source>no worker with the tag “{tag}” is online</source>
   <translation>带标签“{tag}”的工作节点都不在线</translation>
  </message>
  <message>
   <source>no worker with the tag “{tag}” offers {platform}</source>
   <translation>带标签“{tag}”的工作节点都不支持 {platform}</translation>
  </message>
  <message>
   <source>all workers with the tag “{tag}” are full</source>
   <translation>带标签“{tag}”的工作节点都已满</translation>
  </message>
  <message>
   <source>{name} is over its capacity</source>
   <translation>{name} 超出容量</translation>
  </message>
  <message>
   <source>no longer offered</source>
   <translation>不再支持</translation>
  </message>
  <message>
   <source>its worker does not know of it</source>
   <translation>其工作节点不知道它</translation>
  </message>
  <message>
   <source>carries the tags {tags}</source>
   <translation>带有标签 {tags}</translation>
  </message>
  <message>
   <source>carries no tags</source>
   <translation>没有标签</translation>
  </message>
  <message>
   <source>pinned to a worker that no longer exists</source>
   <translation>固定到的工作节点已不存在</translation>
  </message>
  <message>
   <source>pinned to “{name}”, which does not offer {platform}</source>
   <translation>固定到“{name}”，但它不支持 {platform}</translation>
  </message>
  <message>
   <source>pinned to “{name}”, which is full</source>
   <translation>固定到“{name}”，但它已满</translation>
  </message>
  <message>
   <source>pinned to “{name}”, which is {state}</source>
   <translation>固定到“{name}”，但它目前的状态是：{state}</translation>
  </message>
  <message>
   <source>pinned to another worker</source>
   <translation>已固定到另一个工作节点</translation>
  </message>
  <message>
   <source>given to {name} under epoch {epoch}</source>
   <translation>交给 {name}（第 {epoch} 任期）</translation>
  </message>
  <message>
   <source>moves to {name}</source>
   <translation>移到 {name}</translation>
  </message>
  <message>
   <source>evening out</source>
   <translation>均衡分配</translation>
  </message>
  <message>
   <source>{name} is draining</source>
   <translation>{name} 正在排空</translation>
  </message>
  <message>
   <source>check asked for</source>
   <translation>要求立即检测</translation>
  </message>
  <message>
   <source>checking it ended {n} worker processes within {minutes} minutes; it is not checked any more until you change it, resume it or ask for a check</source>
   <translation>检测该账号在 {minutes} 分钟内使 {n} 个工作进程退出；在您修改它、恢复检测或要求立即检测之前，不再检测</translation>
  </message>
  <message>
   <source>in quarantine</source>
   <translation>已隔离</translation>
  </message>
  <message>
   <source>out of quarantine</source>
   <translation>解除隔离</translation>
  </message>
  <message>
   <source>an account was to blame</source>
   <translation>原因在于某个账号</translation>
  </message>
  <message>
   <source>unplaced</source>
   <translation>未分配</translation>
  </message>
  <message>
   <source>taken from {name}</source>
   <translation>已从 {name} 收回</translation>
  </message>
  <message>
   <source>created</source>
   <translation>已创建</translation>
  </message>
  <message>
   <source>restored</source>
   <translation>已恢复</translation>
  </message>
  <message>
   <source>edited</source>
   <translation>已修改</translation>
  </message>
  <message>
   <source>paused</source>
   <translation>已暂停</translation>
  </message>
  <message>
   <source>resumed</source>
   <translation>已继续</translation>
  </message>
  <message>
   <source>works again</source>
   <translation>恢复正常</translation>
  </message>
  <message>
   <source>the platform asked to wait</source>
   <translation>平台要求等待</translation>
  </message>
  <message>
   <source>the platform refused the credentials</source>
   <translation>平台拒绝了凭据</translation>
  </message>
  <message>
   <source>the platform could not be reached</source>
   <translation>无法连接平台</translation>
  </message>
  <message>
   <source>the platform's answer was not understood</source>
   <translation>无法理解平台的回复</translation>
  </message>
  <message>
   <source>the check failed</source>
   <translation>检测失败</translation>
  </message>
  <message>
   <source>released</source>
   <translation>已放手</translation>
  </message>
  <message>
   <source>revoked</source>
   <translation>已收回</translation>
  </message>
  <message>
   <source>deleted</source>
   <translation>已删除</translation>
  </message>
  <message>
   <source>removed by a user</source>
   <translation>被用户移除</translation>
  </message>
  <message>
   <source>removed; it may act until its last lease has run out</source>
   <translation>已移除；在最后一次租约到期前它仍可能工作</translation>
  </message>
  <message>
   <source>its worker was removed; it moves as soon as that can no longer act</source>
   <translation>原来的工作节点已被移除；等它无法再工作后账号就会转移</translation>
  </message>
  <message>
   <source>joined by a code</source>
   <translation>凭加入码加入</translation>
  </message>
  <message>
   <source>port {port} for remote workers is in use: end the program that holds it, or choose another with --remote-port</source>
   <translation>远程工作节点的端口 {port} 已被占用：请结束占用它的程序，或用 --remote-port 选择其他端口</translation>
  </message>
  <message>
   <source>join code given out</source>
   <translation>已发出加入码</translation>
  </message>
  <message>
   <source>join code cancelled</source>
   <translation>加入码已取消</translation>
  </message>
  <message>
   <source>remote workers are accepted</source>
   <translation>已接受其他电脑上的工作节点</translation>
  </message>
  <message>
   <source>remote workers are not accepted any more</source>
   <translation>不再接受其他电脑上的工作节点</translation>
  </message>
  <message>
   <source>removed</source>
   <translation>已移除</translation>
  </message>
  <message>
   <source>restart asked for</source>
   <translation>要求重启</translation>
  </message>
  <message>
   <source>certainly not running</source>
   <translation>确认已停止运行</translation>
  </message>
  <message>
   <source>added by a user</source>
   <translation>由用户添加</translation>
  </message>
  <message>
   <source>renamed to {name}</source>
   <translation>改名为 {name}</translation>
  </message>
  <message>
   <source>it was called {name}</source>
   <translation>原名 {name}</translation>
  </message>
  <message>
   <source>may watch {n} accounts</source>
   <translation>最多可检测 {n} 个账号</translation>
  </message>
  <message>
   <source>before: {n}</source>
   <translation>之前：{n}</translation>
  </message>
  <message>
   <source>hands its accounts to other workers</source>
   <translation>正在把账号交给其他工作节点</translation>
  </message>
  <message>
   <source>may have accounts again</source>
   <translation>可以再次接收账号</translation>
  </message>
  <message>
   <source>a user asked for it</source>
   <translation>由用户要求</translation>
  </message>
  <message>
   <source>started</source>
   <translation>已启动</translation>
  </message>
  <message>
   <source>is started again in {seconds} s</source>
   <translation>将在 {seconds} 秒后重新启动</translation>
  </message>
  <message>
   <source>another process took over</source>
   <translation>另一个进程已接替</translation>
  </message>
  <message>
   <source>it connected later</source>
   <translation>它连接得更晚</translation>
  </message>
  <message>
   <source>no longer degraded</source>
   <translation>不再降级</translation>
  </message>
  <message>
   <source>degraded</source>
   <translation>已降级</translation>
  </message>
  <message>
   <source>the master stood still for {seconds} s</source>
   <translation>主程序停顿了 {seconds} 秒</translation>
  </message>
  <message>
   <source>the computer slept or was too busy: every worker gets a full time-out</source>
   <translation>电脑曾休眠或过于繁忙：每个工作节点都重新获得完整的超时时间</translation>
  </message>
  <message>
   <source>this computer slept or stood still</source>
   <translation>这台电脑休眠或停顿了</translation>
  </message>
  <message>
   <source>Vedette was not running</source>
   <translation>Vedette 没有运行</translation>
  </message>
  <message>
   <source>its worker did not get to it</source>
   <translation>工作节点没能及时检查</translation>
  </message>
  <message>
   <source>the platform shows only its newest items, and all of them were new</source>
   <translation>平台只显示最新的内容，而这些内容全部是新的</translation>
  </message>
  <message>
   <source>there was more than one check can take</source>
   <translation>内容多于一次检查能取回的数量</translation>
  </message>
  <message>
   <source>the platform has numbered everything anew</source>
   <translation>平台对所有内容重新编号了</translation>
  </message>
  <message>
   <source>the platform keeps items only for a while</source>
   <translation>平台只保留一段时间内的内容</translation>
  </message>
  <message>
   <source>not all of it has been caught up yet</source>
   <translation>尚未全部补上</translation>
  </message>
  <message>
   <source>not watched for {seconds} s; {n} caught up</source>
   <translation>{seconds} 秒无人监控；补上了 {n} 条</translation>
  </message>
  <message>
   <source>not watched for {seconds} s; {n} caught up, others unknown</source>
   <translation>{seconds} 秒无人监控；补上了 {n} 条，其余无法得知</translation>
  </message>
  <message>
   <source>something may have been missed; {n} caught up, others unknown</source>
   <translation>可能有遗漏；补上了 {n} 条，其余无法得知</translation>
  </message>
  <message>
   <source>could not be stored</source>
   <translation>未能保存</translation>
  </message>
  <message>
   <source>there is no such account</source>
   <translation>没有这个账号</translation>
  </message>
  <message>
   <source>the account was never given to this worker</source>
   <translation>该账号从未分配给这个工作节点</translation>
  </message>
  <message>
   <source>its platform has no items of this kind</source>
   <translation>该平台没有这种类型的内容</translation>
  </message>
  <message>
   <source>the database does not take it: {why}</source>
   <translation>数据库无法接收：{why}</translation>
  </message>
  <message>
   <source>it does not fit: {why}</source>
   <translation>格式不符：{why}</translation>
  </message>
  <message>
   <source>there are more than are told within a minute: the list of what could not be stored has them</source>
   <translation>一分钟内的数量超过了会逐条记录的上限：详见未能保存内容的列表</translation>
  </message>
  <message>
   <source>the oldest dead letters were dropped</source>
   <translation>最早的未保存内容已被移除</translation>
  </message>
  <message>
   <source>there are more items that could not be stored than are kept</source>
   <translation>未能保存的内容超过了保留上限</translation>
  </message>
  <message>
   <source>lines of the journal were lost</source>
   <translation>部分日志记录已丢失</translation>
  </message>
  <message>
   <source>more of them waited to be written than memory may hold</source>
   <translation>等待写入的记录超过了内存所能保留的数量</translation>
  </message>
  <message>
   <source>the installation was restored</source>
   <translation>安装已从备份恢复</translation>
  </message>
  <message>
   <source>a backup was written</source>
   <translation>已写入备份</translation>
  </message>
  <message>
   <source>the keys were changed</source>
   <translation>密钥已更换</translation>
  </message>
  <message>
   <source>from {before} to {after}</source>
   <translation>从 {before} 改为 {after}</translation>
  </message>
  <message>
   <source>detections expired</source>
   <translation>过期的检测结果已删除</translation>
  </message>
  <message>
   <source>the master started</source>
   <translation>主程序已启动</translation>
  </message>
  <message>
   <source>the master is closing</source>
   <translation>主程序正在关闭</translation>
  </message>
  <message>
   <source>The key comes from VEDETTE_ENCRYPTION_KEY and is kept nowhere here. Whoever copies the data directory cannot open credentials; whoever can read where the key is set for this master can.</source>
   <translation>密钥来自 VEDETTE_ENCRYPTION_KEY，本机不保存。复制数据目录的人无法打开凭据；能读到该密钥设置之处的人可以。</translation>
  </message>
  <message>
   <source>The key is in this computer's keychain. Whoever copies the data directory cannot open credentials; a program that runs as you while you are logged in can ask the keychain for it.</source>
   <translation>密钥保存在这台电脑的钥匙串中。复制数据目录的人无法打开凭据；但在你登录期间以你的身份运行的程序可以向钥匙串索取密钥。</translation>
  </message>
  <message>
   <source>The key is made from a passphrase and is kept nowhere. Whoever copies the data directory must guess the passphrase, each guess taking 64 MiB and a third of a second; without it nobody can open credentials.</source>
   <translation>密钥由口令生成，不保存在任何地方。复制数据目录的人只能猜测口令，每次猜测需要 64 MiB 内存和三分之一秒；没有口令，谁也打不开凭据。</translation>
  </message>
  <message>
   <source>The key is in a file beside the database that only you may read. That protects a database copied alone, not the whole data directory, and not against somebody who can use your account on this computer.</source>
   <translation>密钥保存在数据库旁边一个只有你能读取的文件中。它能保护单独被复制的数据库，但不能保护整个数据目录，也防不住能使用你在这台电脑上的账户的人。</translation>
  </message>
  <message>
   <source>{what} was given but is not used: the key is kept in another place ({place}); “vedette-master rotate-key --to {to}” moves it</source>
   <translation>提供了{what}但未使用：密钥保存在别处（{place}）；用“vedette-master rotate-key --to {to}”可移过去。</translation>
  </message>
  <message>
   <source>the passphrase</source>
   <translation>口令</translation>
  </message>
  <message>
   <source>online</source>
   <translation>在线</translation>
  </message>
  <message>
   <source>offline</source>
   <translation>离线</translation>
  </message>
  <message>
   <source>ended</source>
   <translation>已结束</translation>
  </message>
  <message>
   <source>failed</source>
   <translation>失败</translation>
  </message>
  <message>
   <source>no heartbeat for {seconds} s</source>
   <translation>{seconds} 秒没有心跳</translation>
  </message>
  <message>
   <source>the connection was lost; it may come back by itself</source>
   <translation>连接已断开，可能会自行恢复</translation>
  </message>
  <message>
   <source>it ended too often; the last time: {how}</source>
   <translation>退出过于频繁；最近一次：{how}</translation>
  </message>
  <message>
   <source>it ended by itself</source>
   <translation>自行结束</translation>
  </message>
  <message>
   <source>it was ended by {signal}</source>
   <translation>被 {signal} 终止</translation>
  </message>
  <message>
   <source>it ended with code {code}</source>
   <translation>以代码 {code} 结束</translation>
  </message>
  <message>
   <source>it could not be started: {why}</source>
   <translation>无法启动：{why}</translation>
  </message>
  <message>
   <source>its configuration does not let it run</source>
   <translation>配置不允许它运行</translation>
  </message>
  <message>
   <source>port {port} on {host} is in use: end the program that holds it, or choose another with --port</source>
   <translation>{host} 的端口 {port} 已被占用：请结束占用它的程序，或用 --port 选择其他端口。</translation>
  </message>
  <message>
   <source>port {port} needs rights that this user lacks: choose one above 1023 with --port</source>
   <translation>当前用户无权使用端口 {port}：请用 --port 选择 1023 以上的端口。</translation>
  </message>
  <message>
   <source>{host} is no address of this computer: choose another with --host</source>
   <translation>{host} 不是本机地址：请用 --host 选择其他地址。</translation>
  </message>
  <message>
   <source>another master (process {process}) already runs on {folder}: use that one, close it, or choose another directory with --data-dir</source>
   <translation>另一个主程序（进程 {process}）已在使用 {folder}：请使用它、关闭它，或用 --data-dir 选择其他目录。</translation>
  </message>
  <message>
   <source>the data directory {folder} cannot be used: a file is in its place</source>
   <translation>数据目录 {folder} 无法使用：那里是一个文件。</translation>
  </message>
  <message>
   <source>worker.db cannot be written: {why}</source>
   <translation>无法写入 worker.db：{why}</translation>
  </message>
  <message>
   <source>the outbox is full ({rows} rows, {size} bytes)</source>
   <translation>待发队列已满（{rows} 条，{size} 字节）</translation>
  </message>
  <message>
   <source>The address {address} is in a private network. If the server is your own, allow private networks in this account's settings.</source>
   <translation>地址 {address} 位于内网。如果是您自己的服务器，请在此账号的设置中允许内网地址。</translation>
  </message>
  <message>
   <source>The platform did not answer within {timeout} s.</source>
   <translation>平台在 {timeout} 秒内没有回应。</translation>
  </message>
  <message>
   <source>{who} did not answer within {timeout} s. It will be tried again later.</source>
   <translation>{who} 在 {timeout} 秒内没有回应，稍后重试。</translation>
  </message>
  <message>
   <source>The certificate of {who} cannot be trusted: {reason}. Check the address, or ask whoever runs the server.</source>
   <translation>{who} 的证书不可信：{reason}。请检查地址，或询问服务器管理员。</translation>
  </message>
  <message>
   <source>No secure connection to {who}. Check the port and the kind of encryption.</source>
   <translation>无法与 {who} 建立安全连接。请检查端口和加密方式。</translation>
  </message>
  <message>
   <source>No secure connection to {who}: its certificate or TLS set-up is not valid.</source>
   <translation>无法与 {who} 建立安全连接：其证书或 TLS 配置无效。</translation>
  </message>
  <message>
   <source>No server named {who} was found. Check the address and the network connection.</source>
   <translation>找不到服务器 {who}。请检查地址和网络连接。</translation>
  </message>
  <message>
   <source>{who} broke the connection off. It will be tried again.</source>
   <translation>{who} 中断了连接，将重试。</translation>
  </message>
  <message>
   <source>{who} broke the connection off. It will be tried again later.</source>
   <translation>{who} 中断了连接，稍后重试。</translation>
  </message>
  <message>
   <source>No connection to {who}. Check the address and the port, and that the server runs.</source>
   <translation>无法连接 {who}。请检查地址和端口，并确认服务器正在运行。</translation>
  </message>
  <message>
   <source>No connection to {who}. Check the address and that the server runs.</source>
   <translation>无法连接 {who}。请检查地址，并确认服务器正在运行。</translation>
  </message>
  <message>
   <source>{who} is no usable web address. Check the account's settings.</source>
   <translation>{who} 不是可用的网址。请检查账号设置。</translation>
  </message>
  <message>
   <source>{who} does not answer in valid HTTP. Check the account's settings.</source>
   <translation>{who} 的回应不是有效的 HTTP。请检查账号设置。</translation>
  </message>
  <message>
   <source>{who} wants fewer requests (HTTP {status}) and asks to wait {seconds} s.</source>
   <translation>{who} 要求减少请求（HTTP {status}），请等待 {seconds} 秒。</translation>
  </message>
  <message>
   <source>{who} wants fewer requests (HTTP {status}). It will be tried again later.</source>
   <translation>{who} 要求减少请求（HTTP {status}），稍后重试。</translation>
  </message>
  <message>
   <source>{who} refuses access (HTTP {status}). Check the account's credentials and enter them again. It is not asked before that.</source>
   <translation>{who} 拒绝访问（HTTP {status}）。请检查账号凭据并重新输入，在此之前不再请求。</translation>
  </message>
  <message>
   <source>{who} has a problem of its own (HTTP {status}) and asks to wait {seconds} s.</source>
   <translation>{who} 自身出现问题（HTTP {status}），要求等待 {seconds} 秒。</translation>
  </message>
  <message>
   <source>{who} has a problem of its own (HTTP {status}). It will be tried again later.</source>
   <translation>{who} 自身出现问题（HTTP {status}），稍后重试。</translation>
  </message>
  <message>
   <source>{who} has nothing at this address (HTTP {status}). Check the account's settings.</source>
   <translation>{who} 的这个地址没有内容（HTTP {status}）。请检查账号设置。</translation>
  </message>
  <message>
   <source>{who} does not take this request (HTTP {status}). Check the account's settings.</source>
   <translation>{who} 不接受此请求（HTTP {status}）。请检查账号设置。</translation>
  </message>
  <message>
   <source>{who} allows no further login for now: {said}</source>
   <translation>{who} 暂时不允许再次登录：{said}</translation>
  </message>
  <message>
   <source>{who} cannot check the login for now: {said}</source>
   <translation>{who} 暂时无法验证登录：{said}</translation>
  </message>
  <message>
   <source>{who} refuses the login: {said} Check user name and password and enter them again.</source>
   <translation>{who} 拒绝登录：{said} 请检查用户名和密码后重新输入。</translation>
  </message>
  <message>
   <source>{who} does not open the mailbox “{mailbox}”: {said}</source>
   <translation>{who} 无法打开邮箱“{mailbox}”：{said}</translation>
  </message>
  <message>
   <source>{who} did not greet like an IMAP server. Check the port and the kind of encryption.</source>
   <translation>{who} 的应答不像 IMAP 服务器。请检查端口和加密方式。</translation>
  </message>
  <message>
   <source>{who} does not speak IMAP. Check the address and the port.</source>
   <translation>{who} 不支持 IMAP。请检查地址和端口。</translation>
  </message>
  <message>
   <source>{who} answers with something that is no RSS, Atom or JSON Feed. Check the address.</source>
   <translation>{who} 返回的不是 RSS、Atom 或 JSON Feed。请检查地址。</translation>
  </message>
  <message>
   <source>{who} answers with a web page, not a feed. Its feed is at {address} – enter that address.</source>
   <translation>{who} 返回的是网页而不是订阅源。其订阅源位于 {address}，请输入该地址。</translation>
  </message>
  <message>
   <source>{who} answers with a web page, not a feed. Enter the address of its RSS or Atom feed.</source>
   <translation>{who} 返回的是网页而不是订阅源。请输入其 RSS 或 Atom 订阅源的地址。</translation>
  </message>
  <message>
   <source>{who} sends the request on to {address}. Enter that address instead.</source>
   <translation>{who} 把请求转到了 {address}，请改用该地址。</translation>
  </message>
  <message>
   <source>Last check</source>
   <translation>上次检测</translation>
  </message>
  <message>
   <source>Requests left</source>
   <translation>剩余请求数</translation>
  </message>
  <message>
   <source>Edit</source>
   <translation>编辑</translation>
  </message>
  <message>
   <source>It is paused: resume it first.</source>
   <translation>已暂停，请先恢复。</translation>
  </message>
  <message>
   <source>Check now</source>
   <translation>立即检测</translation>
  </message>
  <message>
   <source>Resume</source>
   <translation>恢复</translation>
  </message>
  <message>
   <source>Pause</source>
   <translation>暂停</translation>
  </message>
  <message>
   <source>Ends the quarantine: it is watched again from now on.</source>
   <translation>结束隔离，从现在起重新检测。</translation>
  </message>
  <message>
   <source>The platform refuses the credentials, so this account is not checked any more.</source>
   <translation>平台拒绝了凭据，已停止检测此账号。</translation>
  </message>
  <message>
   <source>No worker watches it yet.</source>
   <translation>还没有工作节点检测它。</translation>
  </message>
  <message>
   <source>Enter new credentials</source>
   <translation>输入新凭据</translation>
  </message>
  <message>
   <source>The last checks failed. Vedette keeps trying, less often.</source>
   <translation>最近几次检测失败，Vedette 会降低频率继续重试。</translation>
  </message>
  <message>
   <source>Detections are kept for {n} day, those with a star for ever.</source>
   <translation>检测结果保留 {n} 天，加星标的永久保留。</translation>
  </message>
  <message>
   <source>Detections are kept for {n} days, those with a star for ever.</source>
   <translation>检测结果保留 {n} 天，加星标的永久保留。</translation>
  </message>
  <message>
   <source>Detections are kept for ever; --retention-days changes that at the next start.</source>
   <translation>检测结果永久保留；可在下次启动时用 --retention-days 更改。</translation>
  </message>
  <message>
   <source>Set by {option}; it can only be changed there.</source>
   <translation>由 {option} 设定，只能在那里更改。</translation>
  </message>
  <message>
   <source>Backup</source>
   <translation>备份</translation>
  </message>
  <message>
   <source>Back up…</source>
   <translation>备份…</translation>
  </message>
  <message>
   <source>Writes everything into one encrypted file</source>
   <translation>将全部内容写入一个加密文件</translation>
  </message>
  <message>
   <source>One encrypted file with accounts, credentials, detections and what workers know this computer by. Everything goes on while it is written.</source>
   <translation>一个加密文件，包含账号、凭据、检测结果，以及工作节点识别这台电脑的依据。写入期间一切照常运行。</translation>
  </message>
  <message>
   <source>Without the window</source>
   <translation>不用窗口时</translation>
  </message>
  <message>
   <source>To bring one back, close Vedette and type</source>
   <translation>恢复备份：先关闭 Vedette，再输入</translation>
  </message>
  <message>
   <source>Copy text</source>
   <translation>复制文本</translation>
  </message>
  <message>
   <source>Open original</source>
   <translation>打开原文</translation>
  </message>
  <message>
   <source>Nothing chosen</source>
   <translation>未选择</translation>
  </message>
  <message>
   <source>Choose a detection to read it here. J and K move.</source>
   <translation>选择一条动态在此阅读。按 J、K 键上下移动。</translation>
  </message>
  <message>
   <source>Remove star</source>
   <translation>取消星标</translation>
  </message>
  <message>
   <source>Star</source>
   <translation>加星标</translation>
  </message>
  <message>
   <source>Mark as unread</source>
   <translation>标为未读</translation>
  </message>
  <message>
   <source>Mark as read</source>
   <translation>标为已读</translation>
  </message>
  <message>
   <source>Not handled yet</source>
   <translation>改为未处理</translation>
  </message>
  <message>
   <source>Mark as handled</source>
   <translation>标记为已处理</translation>
  </message>
  <message>
   <source>Subject</source>
   <translation>主题</translation>
  </message>
  <message>
   <source>Published</source>
   <translation>发布时间</translation>
  </message>
  <message>
   <source>Detected</source>
   <translation>检测时间</translation>
  </message>
  <message>
   <source>Delay</source>
   <translation>延迟</translation>
  </message>
  <message>
   <source>Accept workers from other machines</source>
   <translation>接受其他电脑上的工作节点</translation>
  </message>
  <message>
   <source>Copy fingerprint</source>
   <translation>复制指纹</translation>
  </message>
  <message>
   <source>Fingerprint: {digits}</source>
   <translation>指纹：{digits}</translation>
  </message>
  <message>
   <source>Opens one encrypted port on this computer. Only machines with a code get in.</source>
   <translation>在本机打开一个加密端口，只有持加入码的电脑才能进入。</translation>
  </message>
  <message>
   <source>The port is open.</source>
   <translation>端口已打开。</translation>
  </message>
  <message>
   <source>Open at {addresses}. Encrypted; only machines with a code get in.</source>
   <translation>开放于 {addresses}。已加密，只有持加入码的电脑才能进入。</translation>
  </message>
  <message>
   <source>This computer has no address that another machine could reach. Connect it to a network.</source>
   <translation>本机没有其他电脑能够访问的地址，请先连接网络。</translation>
  </message>
  <message>
   <source>{n} worker on another machine is cut off until this is switched on again.</source>
   <translation>其他电脑上有 {n} 个工作节点，重新打开之前无法连接。</translation>
  </message>
  <message>
   <source>{n} workers on other machines are cut off until this is switched on again.</source>
   <translation>其他电脑上有 {n} 个工作节点，重新打开之前无法连接。</translation>
  </message>
  <message>
   <source>All</source>
   <translation>全部</translation>
  </message>
  <message>
   <source>Comments</source>
   <translation>评论</translation>
  </message>
  <message>
   <source>Mentions</source>
   <translation>提及</translation>
  </message>
  <message>
   <source>Messages</source>
   <translation>私信</translation>
  </message>
  <message>
   <source>Posts</source>
   <translation>帖子</translation>
  </message>
  <message>
   <source>Show only this account's detections</source>
   <translation>只显示此账号的动态</translation>
  </message>
  <message>
   <source>Mark all as read</source>
   <translation>全部标为已读</translation>
  </message>
  <message>
   <source>Search text or author</source>
   <translation>搜索内容或作者</translation>
  </message>
  <message>
   <source>Search detections</source>
   <translation>搜索动态</translation>
  </message>
  <message>
   <source>All accounts</source>
   <translation>全部账号</translation>
  </message>
  <message>
   <source>At least {n}.</source>
   <translation>至少为 {n}。</translation>
  </message>
  <message>
   <source>At most {n}.</source>
   <translation>最多为 {n}。</translation>
  </message>
  <message>
   <source>Show</source>
   <translation>显示</translation>
  </message>
  <message>
   <source>The address must start with http:// or https://.</source>
   <translation>地址必须以 http:// 或 https:// 开头。</translation>
  </message>
  <message>
   <source>At most {n} characters.</source>
   <translation>最多 {n} 个字符。</translation>
  </message>
  <message>
   <source>“{field}” is needed.</source>
   <translation>请填写“{field}”。</translation>
  </message>
  <message>
   <source>Enter a whole number.</source>
   <translation>请输入整数。</translation>
  </message>
  <message>
   <source>Enter a number.</source>
   <translation>请输入数字。</translation>
  </message>
  <message>
   <source>Dismiss</source>
   <translation>知道了</translation>
  </message>
  <message>
   <source>“{program} rotate-key --to …” moves the key to another place.</source>
   <translation>用“{program} rotate-key --to …”可将密钥移到别处。</translation>
  </message>
  <message>
   <source>Key file</source>
   <translation>密钥文件</translation>
  </message>
  <message>
   <source>Keychain of this computer</source>
   <translation>这台电脑的钥匙串</translation>
  </message>
  <message>
   <source>Environment</source>
   <translation>环境变量</translation>
  </message>
  <message>
   <source>Key of the credentials</source>
   <translation>凭据的密钥</translation>
  </message>
  <message>
   <source>Change key</source>
   <translation>更换密钥</translation>
  </message>
  <message>
   <source>Makes a new key and seals all credentials with it; everything goes on</source>
   <translation>生成新密钥并用它重新加密全部凭据；期间一切照常运行</translation>
  </message>
  <message>
   <source>Kept in</source>
   <translation>保存位置</translation>
  </message>
  <message>
   <source>In use since</source>
   <translation>启用时间</translation>
  </message>
  <message>
   <source>Data keys</source>
   <translation>数据密钥</translation>
  </message>
  <message>
   <source>Credentials are being sealed anew</source>
   <translation>正在重新加密凭据</translation>
  </message>
  <message>
   <source>“Change key” leaves VEDETTE_ENCRYPTION_KEY as it is.</source>
   <translation>“更换密钥”不会改变 VEDETTE_ENCRYPTION_KEY。</translation>
  </message>
  <message>
   <source>“Change key” leaves the passphrase as it is.</source>
   <translation>“更换密钥”不会改变口令。</translation>
  </message>
  <message>
   <source>{n} is done.</source>
   <translation>已完成 {n} 个。</translation>
  </message>
  <message>
   <source>{n} are done.</source>
   <translation>已完成 {n} 个。</translation>
  </message>
  <message>
   <source>The credentials of {n} account could not be opened; the key before stays for them.</source>
   <translation>有 {n} 个账号的凭据无法打开；旧密钥为其保留。</translation>
  </message>
  <message>
   <source>The credentials of {n} accounts could not be opened; the key before stays for them.</source>
   <translation>有 {n} 个账号的凭据无法打开；旧密钥为其保留。</translation>
  </message>
  <message>
   <source>Enter them again at the accounts that ask for it, then change the key once more.</source>
   <translation>请在提示的账号中重新输入凭据，然后再更换一次密钥。</translation>
  </message>
  <message>
   <source>Sealing credentials anew.</source>
   <translation>正在重新加密凭据。</translation>
  </message>
  <message>
   <source>Not all credentials are sealed with the new key yet; the next start goes on with it.</source>
   <translation>尚有凭据未用新密钥加密；下次启动时继续。</translation>
  </message>
  <message>
   <source>There is a new key.</source>
   <translation>已启用新密钥。</translation>
  </message>
  <message>
   <source>{n} credential was sealed anew.</source>
   <translation>已重新加密 {n} 个凭据。</translation>
  </message>
  <message>
   <source>{n} credentials were sealed anew.</source>
   <translation>已重新加密 {n} 个凭据。</translation>
  </message>
  <message>
   <source>for {n} worker</source>
   <translation>可供 {n} 个工作节点</translation>
  </message>
  <message>
   <source>for {n} workers</source>
   <translation>可供 {n} 个工作节点</translation>
  </message>
  <message>
   <source>ends in {span}</source>
   <translation>{span}后失效</translation>
  </message>
  <message>
   <source>Other open codes</source>
   <translation>其他有效的加入码</translation>
  </message>
  <message>
   <source>No worker is online: nothing is being checked. What is found later is not lost.</source>
   <translation>没有在线的工作节点，目前不进行检测。恢复后会补上，不会遗漏。</translation>
  </message>
  <message>
   <source>No worker takes accounts, because each one drains: nothing is being checked. Resume one.</source>
   <translation>所有工作节点都在排空，没有工作节点接收账号，目前不进行检测。请恢复其中一个。</translation>
  </message>
  <message>
   <source>Go to workers</source>
   <translation>查看工作节点</translation>
  </message>
  <message>
   <source>{n} item could not be stored.</source>
   <translation>{n} 条内容未能保存。</translation>
  </message>
  <message>
   <source>{n} items could not be stored.</source>
   <translation>{n} 条内容未能保存。</translation>
  </message>
  <message>
   <source>Remove sample accounts</source>
   <translation>移除示例账号</translation>
  </message>
  <message>
   <source>These are sample accounts.</source>
   <translation>这些是示例账号。</translation>
  </message>
  <message>
   <source>, </source>
   <translation>、</translation>
  </message>
  <message>
   <source>{n} unread detection</source>
   <translation>{n} 条未读动态</translation>
  </message>
  <message>
   <source>{n} unread detections</source>
   <translation>{n} 条未读动态</translation>
  </message>
  <message>
   <source>Appearance</source>
   <translation>外观</translation>
  </message>
  <message>
   <source>Light, dark or as the system</source>
   <translation>浅色、深色或跟随系统</translation>
  </message>
  <message>
   <source>Language</source>
   <translation>语言</translation>
  </message>
  <message>
   <source>Nothing has happened yet that is worth telling.</source>
   <translation>还没有值得一提的事。</translation>
  </message>
  <message>
   <source>Show all</source>
   <translation>全部显示</translation>
  </message>
  <message>
   <source>Everything that happened, and why</source>
   <translation>发生过的一切及原因</translation>
  </message>
  <message>
   <source>Copy request id {id}</source>
   <translation>复制请求编号 {id}</translation>
  </message>
  <message>
   <source>Undo</source>
   <translation>撤销</translation>
  </message>
  <message>
   <source>Whoever uses it is shut out at once. It cannot be made valid again; a new token can be made.</source>
   <translation>使用它的人会立即失去访问权限。无法恢复，但可以新建令牌。</translation>
  </message>
  <message>
   <source>Scripts and devices show a token instead of the master's own. Each has a name and its limits.</source>
   <translation>脚本和设备使用自己的令牌，而不是主程序的令牌。每个令牌都有名称和权限。</translation>
  </message>
  <message>
   <source>Active</source>
   <translation>正常</translation>
  </message>
  <message>
   <source>API tokens</source>
   <translation>API 令牌</translation>
  </message>
  <message>
   <source>API tokens, newest first</source>
   <translation>API 令牌，最新的在前</translation>
  </message>
  <message>
   <source>New token</source>
   <translation>新建令牌</translation>
  </message>
  <message>
   <source>For a script or a device that asks this master</source>
   <translation>供访问此主程序的脚本或设备使用</translation>
  </message>
  <message>
   <source>It is not valid from this moment on; its connections end</source>
   <translation>立即失效，其连接随之断开</translation>
  </message>
  <message>
   <source>No API tokens</source>
   <translation>没有 API 令牌</translation>
  </message>
  <message>
   <source>{name} is not valid any more.</source>
   <translation>{name} 已失效。</translation>
  </message>
  <message>
   <source>Revoked</source>
   <translation>已吊销</translation>
  </message>
  <message>
   <source>Expired</source>
   <translation>已过期</translation>
  </message>
  <message>
   <source>Created</source>
   <translation>创建时间</translation>
  </message>
  <message>
   <source>Last used</source>
   <translation>上次使用</translation>
  </message>
  <message>
   <source>Expires</source>
   <translation>过期时间</translation>
  </message>
  <message>
   <source>never</source>
   <translation>从不</translation>
  </message>
  <message>
   <source>this computer</source>
   <translation>本机</translation>
  </message>
  <message>
   <source>Last heartbeat</source>
   <translation>最近心跳</translation>
  </message>
  <message>
   <source>Waiting to be stored</source>
   <translation>等待保存</translation>
  </message>
  <message>
   <source>Platforms</source>
   <translation>平台</translation>
  </message>
  <message>
   <source>Version</source>
   <translation>版本</translation>
  </message>
  <message>
   <source>Restart</source>
   <translation>重启</translation>
  </message>
  <message>
   <source>{n} account here</source>
   <translation>{n} 个账号</translation>
  </message>
  <message>
   <source>{n} accounts here</source>
   <translation>{n} 个账号</translation>
  </message>
  <message>
   <source>It ended too often and is not started again by itself. Its accounts moved to other workers.</source>
   <translation>退出次数过多，不再自动启动。其账号已转到其他工作节点。</translation>
  </message>
  <message>
   <source>Drain</source>
   <translation>排空</translation>
  </message>
  <message>
   <source>Move its accounts to others</source>
   <translation>把账号转到其他工作节点</translation>
  </message>
  <message>
   <source>Restart it on its own machine</source>
   <translation>请在它所在的电脑上重启</translation>
  </message>
  <message>
   <source>Remove</source>
   <translation>移除</translation>
  </message>
  <message>
   <source>No heartbeat comes from it. Its accounts move to other workers.</source>
   <translation>没有收到它的心跳，账号正在转到其他工作节点。</translation>
  </message>
  <message>
   <source>It is cut off. What it did not let go of moves as soon as it can no longer act.</source>
   <translation>它已断开。没有放手的账号等它无法再工作后就会转移。</translation>
  </message>
  <message>
   <source>Something keeps it from working fully.</source>
   <translation>它无法完全正常工作。</translation>
  </message>
  <message>
   <source>It takes no accounts until you resume it.</source>
   <translation>恢复之前不接收账号。</translation>
  </message>
  <message>
   <source>{n} d</source>
   <translation>{n} 天</translation>
  </message>
  <message>
   <source>in {m} min {s} s</source>
   <translation>{m} 分 {s} 秒后</translation>
  </message>
  <message>
   <source>{n} s</source>
   <translation>{n} 秒</translation>
  </message>
  <message>
   <source>Comment</source>
   <translation>评论</translation>
  </message>
  <message>
   <source>Mention</source>
   <translation>提及</translation>
  </message>
  <message>
   <source>Direct message</source>
   <translation>私信</translation>
  </message>
  <message>
   <source>Reaction</source>
   <translation>回应</translation>
  </message>
  <message>
   <source>Follow</source>
   <translation>关注</translation>
  </message>
  <message>
   <source>Post</source>
   <translation>帖子</translation>
  </message>
  <message>
   <source>Starting</source>
   <translation>启动中</translation>
  </message>
  <message>
   <source>Online</source>
   <translation>在线</translation>
  </message>
  <message>
   <source>Degraded</source>
   <translation>降级</translation>
  </message>
  <message>
   <source>Offline</source>
   <translation>离线</translation>
  </message>
  <message>
   <source>Draining</source>
   <translation>排空中</translation>
  </message>
  <message>
   <source>Failed</source>
   <translation>失败</translation>
  </message>
  <message>
   <source>Waiting</source>
   <translation>等待中</translation>
  </message>
  <message>
   <source>Paused</source>
   <translation>已暂停</translation>
  </message>
  <message>
   <source>Failing</source>
   <translation>异常</translation>
  </message>
  <message>
   <source>Sign in again</source>
   <translation>需重新登录</translation>
  </message>
  <message>
   <source>just now</source>
   <translation>刚刚</translation>
  </message>
  <message>
   <source>{n} min</source>
   <translation>{n} 分钟</translation>
  </message>
  <message>
   <source>{n} h</source>
   <translation>{n} 小时</translation>
  </message>
  <message>
   <source>{m} min {s} s</source>
   <translation>{m} 分 {s} 秒</translation>
  </message>
  <message>
   <source>{h} h {m} min</source>
   <translation>{h} 小时 {m} 分</translation>
  </message>
  <message>
   <source>now</source>
   <translation>现在</translation>
  </message>
  <message>
   <source>in {n} s</source>
   <translation>{n} 秒后</translation>
  </message>
 </context>
 <context>
  <name>QLineEdit</name>
  <message>
   <source>&amp;Undo</source>
   <translation>撤销(&amp;U)</translation>
  </message>
  <message>
   <source>&amp;Redo</source>
   <translation>重做(&amp;R)</translation>
  </message>
  <message>
   <source>Cu&amp;t</source>
   <translation>剪切(&amp;T)</translation>
  </message>
  <message>
   <source>&amp;Copy</source>
   <translation>复制(&amp;C)</translation>
  </message>
  <message>
   <source>&amp;Paste</source>
   <translation>粘贴(&amp;P)</translation>
  </message>
  <message>
   <source>Delete</source>
   <translation>删除</translation>
  </message>
  <message>
   <source>Select All</source>
   <translation>全选</translation>
  </message>
 </context>
 <context>
  <name>QWidgetTextControl</name>
  <message>
   <source>&amp;Undo</source>
   <translation>撤销(&amp;U)</translation>
  </message>
  <message>
   <source>&amp;Redo</source>
   <translation>重做(&amp;R)</translation>
  </message>
  <message>
   <source>Cu&amp;t</source>
   <translation>剪切(&amp;T)</translation>
  </message>
  <message>
   <source>&amp;Copy</source>
   <translation>复制(&amp;C)</translation>
  </message>
  <message>
   <source>&amp;Paste</source>
   <translation>粘贴(&amp;P)</translation>
  </message>
  <message>
   <source>Copy &amp;Link Location</source>
   <translation>复制链接地址(&amp;L)</translation>
  </message>
  <message>
   <source>Delete</source>
   <translation>删除</translation>
  </message>
  <message>
   <source>Select All</source>
   <translation>全选</translation>
  </message>
 </context>
 <context>
  <name>QAbstractSpinBox</name>
  <message>
   <source>&amp;Select All</source>
   <translation>全选(&amp;S)</translation>
  </message>
  <message>
   <source>&amp;Step up</source>
   <translation>增加(&amp;S)</translation>
  </message>
  <message>
   <source>Step &amp;down</source>
   <translation>减少(&amp;D)</translation>
  </message>
 </context>
</TS>
