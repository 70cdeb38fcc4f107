const ws = new WebSocket('ws://localhost:8080');

ws.onopen = () => {
  console.log('已連接到伺服器');
  ws.send('Hello Server!'); // 傳送訊息給伺服器
};

ws.onmessage = (event) => {
  console.log(`伺服器回應：${event.data}`);
};

ws.onclose = () => {
  console.log('連接已關閉');
};
